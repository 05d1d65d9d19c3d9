//! A dataset's options, checked.

use super::types::{self, Column};
use crate::codec::Compression;
use crate::{fault, settings};
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};

/// Where a row ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowEnd {
    /// `\r\n`, `\n` or `\r`, each as it comes.
    Any,
    /// Exactly this.
    Exactly(Vec<u8>),
}

/// How the file is written.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    pub(super) delimiter: Vec<u8>,
    pub(super) row_end: RowEnd,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) null: Vec<u8>,
    pub(super) header: bool,
    pub(super) quote_all: bool,
    /// Lines before the header or the first row that are left out.
    pub(super) skip_lines: u64,
    /// What whole files are wrapped in.
    pub(super) compression: Compression,
    /// The dataset's own columns; empty when it lists none.
    pub(super) columns: Vec<Column>,
    /// Bytes at which an unquoted field may end or an escape begins.
    pub(super) stops: Box<[bool; 256]>,
}

impl Dialect {
    /// Reads `typeProperties` and the activity's `formatSettings`.
    ///
    /// # Errors
    /// `SL6013` naming the option.
    pub(super) fn read(dataset: &Object, activity: &Object) -> Result<Self, Fault> {
        check_whole_file(dataset)?;
        let formats = settings::format_settings(activity);
        let quote_all = formats.map_or(Ok(None), |settings| settings::flag(settings, "quoteAllText"))?;
        let skip_lines = formats.map_or(Ok(None), |settings| settings::number(settings, "skipLineCount"))?;
        let delimiter = option(dataset, "columnDelimiter")?.unwrap_or(",");
        if delimiter.chars().count() != 1 {
            return Err(fault::property("`columnDelimiter` is not one character"));
        }
        let row_end = match option(dataset, "rowDelimiter")? {
            None | Some("") => RowEnd::Any,
            Some(end) if end == "\r\n" || end.chars().count() == 1 => RowEnd::Exactly(end.as_bytes().to_vec()),
            Some(_) => {
                return Err(fault::property(r#"`rowDelimiter` is neither one character nor "\r\n""#));
            }
        };
        let quote = mark(dataset, "quoteChar", b'"')?;
        let escape = mark(dataset, "escapeChar", b'\\')?;
        if escape.is_none() && quote.is_some() {
            return Err(fault::property("an empty `escapeChar` needs an empty `quoteChar` too"));
        }
        let mut dialect = Self {
            delimiter: delimiter.as_bytes().to_vec(),
            row_end,
            quote,
            escape,
            null: option(dataset, "nullValue")?.unwrap_or_default().as_bytes().to_vec(),
            header: settings::flag(dataset, "firstRowAsHeader")?.unwrap_or(false),
            quote_all: match quote_all {
                Some(flag) => flag,
                None => settings::flag(dataset, "quoteAllText")?.unwrap_or(false),
            },
            skip_lines: match skip_lines {
                Some(lines) => lines,
                None => settings::number(dataset, "skipLineCount")?.unwrap_or(0),
            },
            compression: Compression::of(dataset)?,
            columns: types::columns(dataset)?,
            stops: Box::new([false; 256]),
        };
        if dialect.quote_all && dialect.quote.is_none() {
            return Err(fault::property("`quoteAllText` needs a `quoteChar`"));
        }
        dialect.check_marks()?;
        Ok(dialect)
    }

    /// The marks must be told apart, and the text for NULL must not contain any.
    fn check_marks(&mut self) -> Result<(), Fault> {
        let row_start = match &self.row_end {
            RowEnd::Any => b"\r\n".as_slice(),
            RowEnd::Exactly(end) => &end[..1],
        };
        let first = self.delimiter[0];
        let clash = row_start.contains(&first)
            || [self.quote, self.escape]
                .into_iter()
                .flatten()
                .any(|mark| mark == first || row_start.contains(&mark));
        if clash {
            return Err(fault::property(
                "`columnDelimiter`, `rowDelimiter`, `quoteChar` and `escapeChar` cannot be told apart",
            ));
        }
        for &byte in row_start {
            self.stops[usize::from(byte)] = true;
        }
        self.stops[usize::from(first)] = true;
        if let (None, Some(escape)) = (self.quote, self.escape) {
            // An escape in a text for NULL, such as `\N`, stands for itself there.
            self.stops[usize::from(escape)] = true;
        }
        let marked =
            |byte: &u8| (self.stops[usize::from(*byte)] && Some(*byte) != self.escape) || Some(*byte) == self.quote;
        if self.null.iter().any(marked) || self.null.contains(&b'\n') || self.null.contains(&b'\r') {
            return Err(fault::property("`nullValue` contains a delimiter or a quote"));
        }
        Ok(())
    }

    /// What is written behind a row.
    pub(super) fn row_end_to_write(&self) -> &[u8] {
        match &self.row_end {
            RowEnd::Any => b"\r\n",
            RowEnd::Exactly(end) => end,
        }
    }
}

/// What concerns the file as a whole.
fn check_whole_file(dataset: &Object) -> Result<(), Fault> {
    let encoding = text(dataset, "encodingName").unwrap_or("");
    if !["", "UTF-8", "UTF8", "UTF-8 without BOM"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(encoding))
    {
        return Err(fault::property(format!(
            "`encodingName` {encoding:?} is not served; only UTF-8 is"
        )));
    }
    Ok(())
}

fn option<'a>(dataset: &'a Object, name: &str) -> Result<Option<&'a str>, Fault> {
    match member(dataset, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(fault::property(format!("`{name}` is not a text"))),
    }
}

fn mark(dataset: &Object, name: &str, default: u8) -> Result<Option<u8>, Fault> {
    match option(dataset, name)? {
        None => Ok(Some(default)),
        Some("") => Ok(None),
        Some(text) if text.len() == 1 && text.is_ascii() => Ok(Some(text.as_bytes()[0])),
        Some(_) => Err(fault::property(format!("`{name}` is not one ASCII character"))),
    }
}

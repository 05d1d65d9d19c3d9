//! A dataset's options, checked.

use crate::charset::Charset;
use crate::codec::Compression;
use crate::text::types::{self, Column};
use crate::{fault, settings};
use serde_json::Value;
use sluice_contract::document::member;
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
    /// Between two columns; empty when a row is one column.
    pub(super) delimiter: Vec<u8>,
    pub(super) row_end: RowEnd,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) null: Vec<u8>,
    pub(super) header: bool,
    pub(super) quote_all: bool,
    /// Lines before the header or the first row that are left out.
    pub(super) skip_lines: u64,
    /// `encodingName`.
    pub(super) charset: Charset,
    /// What whole files are wrapped in.
    pub(super) compression: Compression,
    /// The dataset's own columns; empty when it lists none.
    pub(super) columns: Vec<Column>,
    /// Bytes at which an unquoted field may end or an escape begins.
    pub(super) stops: Box<[bool; 256]>,
    /// Bytes that a text is quoted or escaped for: those, quotes, and line ends, at which readers split by default, whatever this
    /// file's own marks are.
    pub(super) marks: Box<[bool; 256]>,
    /// The same bytes, where they are at most four; some may be named twice.
    pub(super) few_marks: Option<[u8; 4]>,
    /// Whether the texts of numbers, dates and booleans never need a quote or an escape.
    pub(super) plain: bool,
}

impl Dialect {
    /// Reads `typeProperties` and the activity's `formatSettings`.
    ///
    /// # Errors
    /// `SL6013` naming the option.
    pub(super) fn read(dataset: &Object, activity: &Object) -> Result<Self, Fault> {
        let formats = settings::format_settings(activity);
        let quote_all = formats.map_or(Ok(None), |settings| settings::flag(settings, "quoteAllText"))?;
        let skip_lines = formats.map_or(Ok(None), |settings| settings::number(settings, "skipLineCount"))?;
        let delimiter = option(dataset, "columnDelimiter")?.unwrap_or(",");
        let row_end = match option(dataset, "rowDelimiter")? {
            None | Some("") => RowEnd::Any,
            Some(end) => RowEnd::Exactly(end.as_bytes().to_vec()),
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
            charset: Charset::of(dataset)?,
            compression: Compression::of(dataset)?,
            columns: types::columns(dataset)?,
            stops: Box::new([false; 256]),
            marks: Box::new([false; 256]),
            few_marks: None,
            plain: false,
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
        let first = self.delimiter.first();
        let one_in_other = match (&self.row_end, first) {
            (_, None) => false,
            (RowEnd::Any, Some(first)) => row_start.contains(first),
            (RowEnd::Exactly(end), Some(_)) => end.starts_with(&self.delimiter) || self.delimiter.starts_with(end),
        };
        let is_mark = |mark: u8| first == Some(&mark) || row_start.contains(&mark);
        if one_in_other || [self.quote, self.escape].into_iter().flatten().any(is_mark) {
            return Err(fault::property(
                "`columnDelimiter`, `rowDelimiter`, `quoteChar` and `escapeChar` cannot be told apart",
            ));
        }
        for &byte in row_start {
            self.stops[usize::from(byte)] = true;
        }
        if let Some(first) = self.delimiter.first() {
            self.stops[usize::from(*first)] = true;
        }
        if let (None, Some(escape)) = (self.quote, self.escape) {
            // An escape in a text for NULL, such as `\N`, stands for itself there.
            self.stops[usize::from(escape)] = true;
        }
        let marked =
            |byte: &u8| (self.stops[usize::from(*byte)] && Some(*byte) != self.escape) || Some(*byte) == self.quote;
        if self.null.iter().any(marked) || self.null.contains(&b'\n') || self.null.contains(&b'\r') {
            return Err(fault::property("`nullValue` contains a delimiter or a quote"));
        }
        self.marks = self.stops.clone();
        for byte in [Some(b'\r'), Some(b'\n'), self.quote].into_iter().flatten() {
            self.marks[usize::from(byte)] = true;
        }
        let marks: Vec<u8> = (0..=255).filter(|byte| self.marks[usize::from(*byte)]).collect();
        let last = marks.last().copied();
        let nth = |index: usize| marks.get(index).copied().or(last);
        self.few_marks = match (nth(0), nth(1), nth(2), nth(3)) {
            (Some(a), Some(b), Some(c), Some(d)) if marks.len() <= 4 => Some([a, b, c, d]),
            _ => None,
        };
        let in_values = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.:".contains(byte);
        let mark = |byte: u8| self.stops[usize::from(byte)] || Some(byte) == self.quote || Some(byte) == self.escape;
        let marked = (0..=255).filter(|byte| in_values(byte)).any(mark);
        let null_is_value = !self.null.is_empty() && self.null.iter().all(in_values);
        self.plain = !self.quote_all && !marked && !null_is_value;
        Ok(())
    }

    /// Whether a row ends where a line does.
    pub(super) fn rows_are_lines(&self) -> bool {
        match &self.row_end {
            RowEnd::Any => true,
            RowEnd::Exactly(end) => matches!(&end[..], b"\n" | b"\r" | b"\r\n"),
        }
    }

    /// What is written behind a row.
    pub(super) fn row_end_to_write(&self) -> &[u8] {
        match &self.row_end {
            RowEnd::Any => b"\r\n",
            RowEnd::Exactly(end) => end,
        }
    }
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

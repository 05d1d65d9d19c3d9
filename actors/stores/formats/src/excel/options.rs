//! What a dataset says about its workbooks.

use super::place::Range;
use crate::codec::Compression;
use crate::text::types::{self, Column};
use crate::{fault, settings};
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};

/// Which table of a workbook is read, and how.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) sheet: Sheet,
    pub(super) range: Range,
    pub(super) header: bool,
    pub(super) null: String,
    pub(super) compression: Compression,
    pub(super) columns: Vec<Column>,
}

/// Which sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sheet {
    Named(String),
    /// From 0.
    Number(usize),
}

impl Options {
    pub(super) fn read(dataset: &Object) -> Result<Self, Fault> {
        let name = text(dataset, "sheetName").filter(|name| !name.is_empty());
        let number = settings::number(dataset, "sheetIndex")?;
        let sheet = match (name, number) {
            (Some(_), Some(_)) => return Err(fault::property("the dataset has both `sheetName` and `sheetIndex`")),
            (Some(name), None) => Sheet::Named(name.to_owned()),
            (None, number) => Sheet::Number(usize::try_from(number.unwrap_or(0)).unwrap_or(usize::MAX)),
        };
        let null = match member(dataset, "nullValue") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(null)) => null.clone(),
            Some(_) => return Err(fault::property("`nullValue` is not a text")),
        };
        Ok(Self {
            sheet,
            range: Range::parse(text(dataset, "range").unwrap_or_default())?,
            header: settings::flag(dataset, "firstRowAsHeader")?.unwrap_or(false),
            null,
            compression: Compression::of(dataset)?,
            columns: types::columns(dataset)?,
        })
    }
}

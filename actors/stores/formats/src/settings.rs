//! What datasets and activities say about formats, beyond the formats' own options.

use crate::fault;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};
use sluice_store_core::SinkRequest;

/// The activity's `formatSettings`.
pub(crate) fn format_settings(activity: &Object) -> Option<&Object> {
    member(activity, "formatSettings").and_then(Value::as_object)
}

/// How rows are split into files.
pub(crate) struct RowsPerFile {
    /// `maxRowsPerFile`, from 1.
    pub(crate) rows: usize,
    /// `fileNamePrefix`.
    pub(crate) prefix: Option<String>,
}

/// `formatSettings.maxRowsPerFile` and its `fileNamePrefix`.
///
/// # Errors
/// `SL6013` when they are malformed.
pub(crate) fn rows_per_file(request: &SinkRequest) -> Result<Option<RowsPerFile>, Fault> {
    let Some(settings) = format_settings(&request.activity) else {
        return Ok(None);
    };
    let rows = number(settings, "maxRowsPerFile")?.unwrap_or(0);
    let prefix = text(settings, "fileNamePrefix").filter(|prefix| !prefix.is_empty());
    if prefix.is_some_and(|prefix| prefix.contains(['/', '\\', '\0'])) {
        return Err(fault::property("`formatSettings.fileNamePrefix` holds a slash"));
    }
    match (usize::try_from(rows).unwrap_or(usize::MAX), prefix) {
        (0, None) => Ok(None),
        (0, Some(_)) => Err(fault::property(
            "`formatSettings.fileNamePrefix` needs `maxRowsPerFile`",
        )),
        (rows, prefix) => Ok(Some(RowsPerFile {
            rows,
            prefix: prefix.map(str::to_owned),
        })),
    }
}

/// The ending of a file whose name the dataset leaves open, with its dot.
pub(crate) fn extension(request: &SinkRequest, default: &str) -> Result<String, Fault> {
    let asked = format_settings(&request.activity).and_then(|settings| text(settings, "fileExtension"));
    let extension = asked.filter(|text| !text.is_empty()).unwrap_or(default);
    if extension.contains(['/', '\\', '\0']) {
        return Err(fault::property("`formatSettings.fileExtension` holds a slash"));
    }
    Ok(extension.to_owned())
}

/// A boolean, also as a text.
pub(crate) fn flag(object: &Object, name: &str) -> Result<Option<bool>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") || text.is_empty() => Ok(Some(false)),
        Some(_) => Err(fault::property(format!("`{name}` is neither true nor false"))),
    }
}

/// A whole number from 0, also as a text.
pub(crate) fn number(object: &Object, name: &str) -> Result<Option<u64>, Fault> {
    let read = match member(object, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    read.map(Some)
        .ok_or_else(|| fault::property(format!("`{name}` is not a whole number from 0")))
}

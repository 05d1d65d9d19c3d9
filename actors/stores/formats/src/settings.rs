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

/// Refuses settings of a sink whose neglect would make other files than asked.
pub(crate) fn check_write(request: &SinkRequest) -> Result<(), Fault> {
    let Some(settings) = format_settings(&request.activity) else {
        return Ok(());
    };
    for name in ["maxRowsPerFile", "fileNamePrefix"] {
        let asked = match member(settings, name) {
            None | Some(Value::Null) => false,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        };
        if asked {
            return Err(fault::property(format!(
                "`formatSettings.{name}` is not served: a copy writes one file"
            )));
        }
    }
    Ok(())
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

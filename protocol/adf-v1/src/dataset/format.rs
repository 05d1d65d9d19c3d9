//! The formats of files.

use crate::translate::Notes;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Avro,
    Orc,
    Parquet,
    /// Bytes.
    AsIs,
}

impl Format {
    /// Reads `format`; none when there is none.
    pub(super) fn read(settings: &Object, place: &[&str], notes: &mut Notes<'_>) -> Option<Self> {
        let format = member(settings, "format").and_then(Value::as_object)?;
        let kind = text(format, "type").unwrap_or_default();
        let found = match kind.to_ascii_lowercase().as_str() {
            "textformat" => Some(Format::Text),
            "jsonformat" => Some(Format::Json),
            "avroformat" => Some(Format::Avro),
            "orcformat" => Some(Format::Orc),
            "parquetformat" => Some(Format::Parquet),
            _ => None,
        };
        if found.is_none() {
            let path: Vec<&str> = place.iter().copied().chain(["format", "type"]).collect();
            notes.refuse(Code::OldDocumentRefused, &path, format!("there is no format {kind:?}"));
        }
        found
    }

    /// The dataset's type of today.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Format::Text => "DelimitedText",
            Format::Json => "Json",
            Format::Avro => "Avro",
            Format::Orc => "Orc",
            Format::Parquet => "Parquet",
            Format::AsIs => "Binary",
        }
    }

    /// The dataset's settings of today, without the location.
    pub(super) fn write(self, settings: &Object, header: bool) -> Object {
        let empty = Object::new();
        let old = member(settings, "format").and_then(Value::as_object).unwrap_or(&empty);
        let mut made = Object::new();
        match self {
            Format::Text => delimited(old, header, &mut made),
            Format::Json => {
                for name in ["encodingName", "filePattern", "nestingSeparator"] {
                    made.extend(member(old, name).map(|value| (name.to_owned(), value.clone())));
                }
                // Spelled with its own capital letter today, and one way of writing fewer.
                made.remove("nestingSeparator");
            }
            _ => {}
        }
        compression(self, settings, &mut made);
        made
    }
}

/// v1 quoted nothing unless it was asked to, and wrote NULL as `\N`.
fn delimited(old: &Object, header: bool, made: &mut Object) {
    let same = ["rowDelimiter", "encodingName", "skipLineCount"];
    made.insert(
        "columnDelimiter".to_owned(),
        member(old, "columnDelimiter").cloned().unwrap_or_else(|| ",".into()),
    );
    for name in same {
        made.extend(member(old, name).map(|value| (name.to_owned(), value.clone())));
    }
    let quote = text(old, "quoteChar").unwrap_or_default();
    let escape = text(old, "escapeChar").unwrap_or_default();
    made.insert("quoteChar".to_owned(), quote.into());
    // What is quoted doubles its quotes unless another way was said.
    made.insert(
        "escapeChar".to_owned(),
        if escape.is_empty() { quote } else { escape }.into(),
    );
    made.insert("nullValue".to_owned(), text(old, "nullValue").unwrap_or("\\N").into());
    let first = member(old, "firstRowAsHeader").cloned().unwrap_or(Value::Bool(header));
    made.insert("firstRowAsHeader".to_owned(), first);
}

fn compression(format: Format, settings: &Object, made: &mut Object) {
    let Some(old) = member(settings, "compression").and_then(Value::as_object) else {
        return;
    };
    let Some(kind) = text(old, "type") else { return };
    let level = text(old, "level");
    match format {
        Format::Text | Format::Json => {
            made.insert("compressionCodec".to_owned(), kind.to_lowercase().into());
            made.extend(level.map(|level| ("compressionLevel".to_owned(), level.into())));
        }
        _ => {
            let mut compression = json!({ "type": kind });
            if let (Some(level), Some(object)) = (level, compression.as_object_mut()) {
                object.insert("level".to_owned(), level.into());
            }
            made.insert("compression".to_owned(), compression);
        }
    }
}

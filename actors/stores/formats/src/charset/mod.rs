//! `encodingName`: the characters of a text file as bytes.

mod decode;
mod encode;

#[cfg(test)]
mod tests;

pub(crate) use decode::Decoded;

use crate::fault;
use encoding_rs::Encoding;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// An encoding.
#[derive(Clone, Debug)]
pub(crate) enum Charset {
    /// UTF-8; whether a byte order mark is written.
    Utf8 { mark: bool },
    /// UTF-16, with a byte order mark when written.
    Utf16 { big: bool },
    /// UTF-32, with a byte order mark when written.
    Utf32 { big: bool },
    /// One byte for each character.
    Bytes(Arc<Table>),
    /// One or several bytes for each character.
    Many(&'static Encoding),
}

/// What the 256 bytes mean, and back.
#[derive(Debug)]
pub(crate) struct Table {
    name: String,
    chars: [Option<char>; 256],
    bytes: HashMap<char, u8>,
}

/// Names of ADF that the Encoding Standard does not know, or gives another meaning.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("GB2312", "gb2312"),
    ("SHIFT-JIS", "shift_jis"),
    ("CP866", "ibm866"),
    ("ISO-8859-9", "windows-1254"),
    ("ISO-8859-11", "windows-874"),
    ("ISO-8859-1", "windows-1252"),
];

impl Charset {
    /// Reads a dataset's `encodingName`; UTF-8 when it says nothing.
    ///
    /// # Errors
    /// `SL6013` for one that is not served.
    pub(crate) fn of(dataset: &Object) -> Result<Self, Fault> {
        let name = match member(dataset, "encodingName") {
            None | Some(Value::Null) => "",
            Some(Value::String(name)) => name.trim(),
            Some(_) => return Err(fault::property("`encodingName` is not a text")),
        };
        let upper = name.to_ascii_uppercase();
        Ok(match upper.as_str() {
            "" | "UTF-8" | "UTF8" | "UTF-8 WITHOUT BOM" => Self::Utf8 { mark: false },
            "UTF-8 WITH BOM" => Self::Utf8 { mark: true },
            "UTF-16" | "UTF-16LE" | "UNICODE" => Self::Utf16 { big: false },
            "UTF-16BE" => Self::Utf16 { big: true },
            "UTF-32" | "UTF-32LE" => Self::Utf32 { big: false },
            "UTF-32BE" => Self::Utf32 { big: true },
            "US-ASCII" | "ASCII" => Self::Bytes(Arc::new(Table::ascii())),
            _ => Self::named(name, &upper)?,
        })
    }

    fn named(name: &str, upper: &str) -> Result<Self, Fault> {
        let other = OTHER_NAMES.iter().find(|(adf, _)| *adf == upper);
        let label = other.map_or(name, |(_, label)| label);
        let encoding = Encoding::for_label_no_replacement(label.as_bytes());
        // What has no encoder of its own would be written as UTF-8.
        let encoding = encoding.filter(|encoding| encoding.output_encoding() == *encoding);
        let encoding = encoding.ok_or_else(|| {
            fault::property(format!(
                "`encodingName` {name:?} is not served; UTF-8, UTF-16, UTF-32, US-ASCII, ISO-8859-1 to -16, WINDOWS-874, \
                 WINDOWS-1250 to -1258, KOI8-R, CP866, GB2312, GB18030, BIG5, SHIFT-JIS, EUC-JP, ISO-2022-JP and EUC-KR are"
            ))
        })?;
        Ok(match encoding.is_single_byte() {
            true => Self::Bytes(Arc::new(Table::new(upper, encoding))),
            false => Self::Many(encoding),
        })
    }

    /// For people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Utf8 { .. } => "UTF-8",
            Self::Utf16 { big: false } => "UTF-16",
            Self::Utf16 { big: true } => "UTF-16BE",
            Self::Utf32 { big: false } => "UTF-32",
            Self::Utf32 { big: true } => "UTF-32BE",
            Self::Bytes(table) => &table.name,
            Self::Many(encoding) => encoding.name(),
        }
    }
}

impl Table {
    fn ascii() -> Self {
        Self::of("US-ASCII", |byte| byte.is_ascii().then_some(char::from(byte)))
    }

    fn new(name: &str, encoding: &'static Encoding) -> Self {
        // The Encoding Standard reads ISO-8859-1, -9 and -11 as their Windows kin, whose bytes 80 to 9F are no controls.
        let iso = name.starts_with("ISO");
        Self::of(name, |byte| {
            if iso && (0x80..0xA0).contains(&byte) {
                return Some(char::from(byte));
            }
            let bytes = [byte];
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
            text.chars().next()
        })
    }

    fn of(name: &str, char_of: impl Fn(u8) -> Option<char>) -> Self {
        let mut chars = [None; 256];
        let mut bytes = HashMap::new();
        for byte in 0..=255u8 {
            let char = char_of(byte);
            chars[usize::from(byte)] = char;
            if let Some(char) = char {
                bytes.entry(char).or_insert(byte);
            }
        }
        Self {
            name: name.to_owned(),
            chars,
            bytes,
        }
    }
}

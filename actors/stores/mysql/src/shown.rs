//! MySQL's texts of values, as outputs show them.

use crate::wire::Definition;
use crate::wire::definition::{BINARY, kind};
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::Value;
use sluice_store_core::json;

/// A column's value from its text; what is not known to be of another form is its text.
pub(crate) fn value(column: &Definition, bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    let known = match column.kind {
        kind::TINY | kind::SHORT | kind::LONG | kind::LONGLONG | kind::INT24 | kind::YEAR => {
            let signed = text.parse::<i64>().ok().map(Value::from);
            signed.or_else(|| text.parse::<u64>().ok().map(Value::from))
        }
        kind::FLOAT | kind::DOUBLE => text.parse().ok().map(json::float),
        kind::DECIMAL | kind::NEWDECIMAL => Some(json::decimal(&text)),
        kind::BIT => Some(Value::from(
            bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)),
        )),
        kind::DATE => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(json::moment),
        // The session's time zone is UTC.
        kind::DATETIME | kind::TIMESTAMP => NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f")
            .ok()
            .map(json::moment),
        kind::JSON | kind::TIME | kind::NULL => None,
        _ if column.charset == BINARY => Some(json::binary(bytes)),
        _ => None,
    };
    known.unwrap_or_else(|| Value::from(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_values() {
        const UTF8: u16 = 45;
        for (kind, charset, text, shown) in [
            (kind::LONGLONG, BINARY, "18446744073709551615", json!(u64::MAX)),
            (kind::NEWDECIMAL, BINARY, "-1.50", json!(-1.5)),
            (
                kind::NEWDECIMAL,
                BINARY,
                "123456789012345678.5",
                json!("123456789012345678.5"),
            ),
            (kind::DATE, BINARY, "0000-00-00", json!("0000-00-00")),
            (
                kind::DATETIME,
                BINARY,
                "2024-05-01 10:20:30.250000",
                json!("2024-05-01T10:20:30.25Z"),
            ),
            (kind::TIME, BINARY, "-838:59:59", json!("-838:59:59")),
            (kind::BLOB, BINARY, "ab", json!("YWI=")),
            (kind::BLOB, UTF8, "ab", json!("ab")),
            (kind::JSON, BINARY, "{}", json!("{}")),
        ] {
            let column = Definition {
                name: String::new(),
                charset,
                length: 0,
                kind,
                flags: 0,
                decimals: 0,
            };
            assert_eq!(value(&column, text.as_bytes()), shown, "{kind} {text}");
        }
    }
}

//! PostgreSQL's texts of values, as outputs show them.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;
use sluice_store_core::json;
use tokio_postgres::types::Type;

/// A value of this type; what is not known to be of another form is its text.
pub(crate) fn value(ty: &Type, text: &str) -> Value {
    let known = match *ty {
        Type::BOOL => Some(Value::from(text == "t")),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse::<i64>().ok().map(Value::from),
        Type::FLOAT4 | Type::FLOAT8 => text.parse().ok().map(json::float),
        Type::NUMERIC => Some(json::decimal(text)),
        Type::BYTEA => bytes(text).map(|bytes| json::binary(&bytes)),
        Type::DATE => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(json::moment),
        Type::TIMESTAMP => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .ok()
            .map(json::moment),
        Type::TIMESTAMPTZ => DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z")
            .ok()
            .map(|moment| json::moment(moment.naive_utc())),
        _ => None,
    };
    known.unwrap_or_else(|| Value::from(text))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?;
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_values() {
        for (ty, text, shown) in [
            (Type::BOOL, "t", json!(true)),
            (Type::INT8, "-9223372036854775808", json!(i64::MIN)),
            (Type::NUMERIC, "1.50", json!(1.5)),
            (Type::NUMERIC, "123456789012345678.5", json!("123456789012345678.5")),
            (Type::FLOAT8, "Infinity", json!("Infinity")),
            (Type::FLOAT4, "0.1", json!(0.1)),
            (Type::BYTEA, "\\x00ff", json!("AP8=")),
            (Type::DATE, "2024-05-01", json!("2024-05-01T00:00:00Z")),
            (Type::DATE, "infinity", json!("infinity")),
            (
                Type::TIMESTAMP,
                "2024-05-01 10:20:30.5",
                json!("2024-05-01T10:20:30.5Z"),
            ),
            (
                Type::TIMESTAMPTZ,
                "2024-05-01 10:20:30+00",
                json!("2024-05-01T10:20:30Z"),
            ),
            (Type::JSONB, "{\"a\": 1}", json!("{\"a\": 1}")),
        ] {
            assert_eq!(value(&ty, text), shown, "{ty} {text}");
        }
    }
}

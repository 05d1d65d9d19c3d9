//! Times, etags and ids as they stand on the wire.

use aws_lc_rs::digest::{SHA256, digest};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use chrono::{DateTime, Utc};
use sluice_contract::{Code, Fault};
use std::time::Duration;

/// Now, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    Utc::now().timestamp_micros()
}

/// A span in microseconds.
pub(crate) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4)
}

/// A time as clients expect it: RFC 3339 with seven fractional digits and `Z`.
pub(crate) fn time_text(micros: i64) -> String {
    match DateTime::<Utc>::from_timestamp_micros(micros) {
        Some(time) => format!("{}0Z", time.format("%Y-%m-%dT%H:%M:%S%.6f")),
        None => "1970-01-01T00:00:00.0000000Z".to_owned(),
    }
}

/// Reads a time that a client sent.
///
/// # Errors
/// `SL4005`.
pub(crate) fn parse_time(name: &str, text: &str) -> Result<i64, Fault> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_micros())
        .or_else(|_| {
            // Without a zone it is UTC, as .NET clients write it.
            chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .map(|time| time.and_utc().timestamp_micros())
        })
        .map_err(|_| Fault::new(Code::DocumentInvalid, format!("`{name}` is not an RFC 3339 time")))
}

/// A fresh etag, in the form of Azure's.
pub(crate) fn etag() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Whether a header such as `"a", W/"b"` or `*` names this etag.
pub(crate) fn etag_matches(header: &str, etag: &str) -> bool {
    header
        .split(',')
        .map(|part| part.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|part| part == "*" || part == etag.trim_matches('"'))
}

/// The SHA-256 of some bytes, hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// 32 random bytes.
///
/// # Errors
/// `SL9002` when the system has no random numbers.
pub(crate) fn random() -> Result<[u8; 32], Fault> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::new(Code::Internal, "no random numbers"))?;
    Ok(bytes)
}

/// 32 random bytes as text for a token or ticket.
///
/// # Errors
/// As [`random`].
pub(crate) fn random_text() -> Result<String, Fault> {
    random().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_digits() {
        assert_eq!(time_text(1_529_109_464_625_701), "2018-06-16T00:37:44.6257010Z");
        assert_eq!(
            parse_time("t", "2018-06-16T00:37:44.6257014Z").unwrap(),
            1_529_109_464_625_701
        );
        assert_eq!(
            parse_time("t", "2018-06-16T02:37:44+02:00").unwrap(),
            1_529_109_464_000_000
        );
        assert!(parse_time("t", "9/28/2014 10:58:22").is_err());
    }

    #[test]
    fn etags_compare_with_and_without_quotes() {
        for header in ["abc", "\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(etag_matches(header, "abc"), "{header}");
            assert!(etag_matches(header, "\"abc\""), "{header}");
        }
        assert!(!etag_matches("\"abd\"", "abc"));
    }
}

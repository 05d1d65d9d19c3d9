//! Base64, data URIs, `%XX`, and binary values: `{"$content-type": ..., "$content": base64}`.

use super::Args;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fmt::Write;

/// A binary value.
pub(super) fn binary(kind: &str, bytes: &[u8]) -> Value {
    json!({ "$content-type": kind, "$content": base64(bytes) })
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text.trim())
        .map_err(|error| format!("the text is not base64: {error}"))
}

/// Type and content of a binary value; none for any other value.
pub(super) fn content(value: &Value) -> Option<(String, Result<Vec<u8>, String>)> {
    let kind = value.get("$content-type")?.as_str()?;
    let content = value.get("$content")?.as_str()?;
    Some((kind.to_owned(), from_base64(content)))
}

/// The bytes of an argument: of a binary value its content, of anything else its text.
pub(super) fn bytes(args: &Args<'_>, place: usize) -> Result<Vec<u8>, String> {
    match content(args.value(place)) {
        Some((_, bytes)) => bytes,
        None => Ok(crate::value::to_text(args.value(place)).into_bytes()),
    }
}

pub(super) fn text(bytes: Vec<u8>) -> Result<Value, String> {
    String::from_utf8(bytes)
        .map(Value::String)
        .map_err(|_| "the bytes are not text in UTF-8".to_owned())
}

/// What a URI takes as it is: RFC 3986's unreserved characters.
pub(super) fn to_uri(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

pub(super) fn from_uri(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a % is not followed by two hexadecimal digits")?);
        rest = &rest[2..];
    }
    Ok(bytes)
}

pub(super) fn data_uri(args: &Args<'_>) -> Result<String, String> {
    let (kind, bytes) = match content(args.value(0)) {
        Some((kind, bytes)) => (kind, bytes?),
        None => ("text/plain;charset=utf-8".to_owned(), bytes(args, 0)?),
    };
    Ok(format!("data:{kind};base64,{}", base64(&bytes)))
}

/// Type and content of a data URI.
pub(super) fn read_data_uri(uri: &str) -> Result<(String, Vec<u8>), String> {
    let scheme = uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let (head, data) = scheme
        .and_then(|_| uri[5..].split_once(','))
        .ok_or("the text is not a data URI, as data:TYPE;base64,CONTENT")?;
    match head.strip_suffix(";base64") {
        Some(kind) => Ok((kind.to_owned(), from_base64(data)?)),
        None => Ok((head.to_owned(), from_uri(data)?)),
    }
}

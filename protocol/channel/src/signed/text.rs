//! What is signed: a line that says what for, the place it is sent to, and every member of the envelope in one spelling.

use crate::Address;
use serde_json::{Map, Value};
use sluice_contract::{Code, Envelope, Fault};

/// No other signature of these keys begins like this.
const PURPOSE: &str = "sluice control channel 1";

/// The bytes under a signature. Both sides make them from what they understood.
///
/// # Errors
/// `SL3005` when the envelope has no JSON form.
pub(super) fn signed_text(address: &Address, envelope: &Envelope) -> Result<Vec<u8>, Fault> {
    let invalid = |e: serde_json::Error| Fault::new(Code::MessageInvalid, e.to_string());
    // Events of every gateway are read from one place; the sender knows its own.
    let address = match address {
        Address::Events { .. } => Address::Events {
            gateway: Some(envelope.gateway.clone()),
        },
        other => other.clone(),
    };
    let mut plain = envelope.clone();
    plain.sig = None;
    let value = sorted(serde_json::to_value(&plain).map_err(invalid)?);
    let mut text = format!("{PURPOSE}\n{address}\n").into_bytes();
    serde_json::to_writer(&mut text, &value).map_err(invalid)?;
    Ok(text)
}

/// The same value with the members of every object in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(members))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

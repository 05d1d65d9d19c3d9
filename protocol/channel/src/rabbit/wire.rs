//! Between envelopes and AMQP 0-9-1 messages, and between the library's errors and faults.

use chrono::Utc;
use lapin::protocol::AMQPErrorKind;
use lapin::protocol::{AMQPHardError, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Error, ErrorKind};
use sluice_contract::{Code, Envelope, Fault};

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// The properties beside a body. Nothing that matters is only here: a text that does not fit is left out.
pub(super) fn properties(envelope: &Envelope) -> BasicProperties {
    let short = |text: &str| ShortString::try_new(text).ok();
    let mut properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT);
    if let Some(id) = short(&envelope.id) {
        properties = properties.with_message_id(id);
    }
    if let Some(kind) = short(&envelope.kind) {
        properties = properties.with_type(kind);
    }
    let job = envelope.job.as_ref().map(|job| job.as_str());
    if let Some(correlation) = envelope.corr.as_deref().or(job).and_then(short) {
        properties = properties.with_correlation_id(correlation);
    }
    if let Some(at) = envelope.expires {
        let left = (at - Utc::now()).num_milliseconds().clamp(0, i64::from(i32::MAX));
        properties = properties.with_expiration(left.to_string().into());
    }
    let mut headers = FieldTable::default();
    for (name, value) in [("group-id", job), ("traceparent", envelope.trace.as_deref())] {
        if let Some(value) = value {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
    }
    properties.with_headers(headers)
}

/// An error on a connection that stood.
pub(super) fn lost(error: &Error) -> Fault {
    match refused(error) {
        Some(fault) => fault,
        None => Fault::new(Code::ChannelLost, error.to_string()),
    }
}

/// An error while the connection was being opened.
pub(super) fn opening(error: &Error) -> Fault {
    match refused(error) {
        Some(fault) => fault,
        None => Fault::new(Code::ChannelUnreachable, error.to_string()),
    }
}

/// What the broker does not allow, or does not have.
fn refused(error: &Error) -> Option<Fault> {
    let ErrorKind::ProtocolError(reason) = error.kind() else {
        return None;
    };
    let text = reason.get_message().to_string();
    let code = match reason.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
        | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        | AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Code::BrokerRefused,
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Code::BrokerQueueMissing,
        _ => return None,
    };
    Some(Fault::new(code, text))
}

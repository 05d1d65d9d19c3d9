//! Between envelopes and AMQP messages, and between AMQP errors and faults.

use chrono::Utc;
use fe2o3_amqp::connection::{self, ConnectionStopReason, OpenError};
use fe2o3_amqp::link::{
    LinkStateError, ReceiverAttachError, RecvError, SendError, SenderAttachError, SessionStopReason,
};
use fe2o3_amqp::session::BeginError;
use fe2o3_amqp::transport;
use fe2o3_amqp::types::definitions::{AmqpError, ConnectionError, Error as AmqpFault, ErrorCondition, LinkError};
use fe2o3_amqp::types::messaging::{Body, Data, Header, Message, MessageId, Properties};
use fe2o3_amqp::types::primitives::{Symbol, Value};
use sluice_contract::envelope::MAX_BYTES;
use sluice_contract::{Code, Envelope, Fault};
use std::io;

/// The largest AMQP message: the largest envelope, and room for header and properties.
pub(crate) const MAX_MESSAGE: u64 = MAX_BYTES as u64 + 8 * 1024;
/// The largest frame either side takes. Larger messages travel in several.
pub(crate) const MAX_FRAME: u32 = 64 * 1024;
/// A message's body, whatever the peer made of it.
pub(crate) type AnyBody = Body<Value>;

/// An envelope as an AMQP message. Everything that matters is in the body; the properties are for brokers and traces.
pub(crate) fn to_message(envelope: &Envelope, body: Vec<u8>, redelivered: bool) -> Message<Data> {
    let left = envelope.expires.map(|at| (at - Utc::now()).num_milliseconds().max(0));
    let text = |id: &str| MessageId::String(id.to_owned());
    let correlation = envelope
        .corr
        .as_deref()
        .or(envelope.job.as_ref().map(|job| job.as_str()));
    let properties = Properties {
        message_id: Some(text(&envelope.id)),
        subject: Some(envelope.kind.clone()),
        correlation_id: correlation.map(text),
        content_type: Some(Symbol::from("application/json")),
        group_id: envelope.job.as_ref().map(|job| job.as_str().to_owned()),
        ..Properties::default()
    };
    let header = Header {
        durable: true,
        ttl: left.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
        first_acquirer: !redelivered,
        delivery_count: u32::from(redelivered),
        ..Header::default()
    };
    Message::builder()
        .header(header)
        .properties(properties)
        .data(body)
        .build()
}

/// The envelope in a message, and whether it was delivered before.
///
/// # Errors
/// `SL3004` and `SL3005`, when the body is no envelope.
pub(crate) fn from_message(message: Message<AnyBody>) -> Result<(Envelope, bool), Fault> {
    let redelivered = message.header.is_some_and(|header| header.delivery_count > 0);
    let sections = match message.body {
        Body::Data(batch) => batch.into_inner(),
        _ => Vec::new(),
    };
    let [Data(bytes)] = sections.as_slice() else {
        return Err(Fault::new(
            Code::MessageInvalid,
            "the message's body is not one data section",
        ));
    };
    let envelope = Envelope::decode(bytes)?;
    Ok((envelope, redelivered))
}

/// A fault as an AMQP error: the condition for machines, the code and text for people.
pub(crate) fn to_amqp(condition: impl Into<ErrorCondition>, fault: &Fault) -> AmqpFault {
    AmqpFault::new(condition, Some(fault.to_string()), None)
}

/// What a peer's AMQP error means to us. A channel code at the start of the text says it exactly, as [`to_amqp`] writes it;
/// otherwise the condition does.
pub(crate) fn from_amqp(error: &AmqpFault) -> Fault {
    let text = error.description.as_deref().unwrap_or("no reason given");
    if let Some((code, rest)) = text.split_once(": ")
        && code.starts_with("SL3")
        && let Some(code) = Code::parse(code)
    {
        return Fault::new(code, rest);
    }
    let code = match &error.condition {
        ErrorCondition::AmqpError(
            AmqpError::UnauthorizedAccess | AmqpError::NotFound | AmqpError::NotAllowed | AmqpError::PreconditionFailed,
        ) => Code::ChannelRefused,
        ErrorCondition::AmqpError(AmqpError::DecodeError | AmqpError::InvalidField) => Code::MessageInvalid,
        ErrorCondition::LinkError(LinkError::MessageSizeExceeded) => Code::MessageTooLarge,
        _ => Code::ChannelLost,
    };
    Fault::new(code, text)
}

/// The condition with which an operator's or the factory's decision closes a connection.
pub(crate) fn forced() -> ErrorCondition {
    ConnectionError::ConnectionForced.into()
}

pub(crate) fn lost(cause: impl std::fmt::Display) -> Fault {
    Fault::new(Code::ChannelLost, cause.to_string())
}

pub(crate) fn late(what: &str, limit: std::time::Duration) -> Fault {
    Fault::new(Code::ChannelTimeout, format!("{what} took longer than {limit:?}"))
}

pub(crate) fn connection_stop(reason: &ConnectionStopReason) -> Fault {
    match reason {
        ConnectionStopReason::Closed => lost("the connection broke or was closed"),
        ConnectionStopReason::RemoteClosed => lost("the other side closed the connection"),
        ConnectionStopReason::ClosedWithError(error) | ConnectionStopReason::RemoteClosedWithError(error) => {
            from_amqp(error)
        }
    }
}

pub(crate) fn session_stop(reason: &SessionStopReason) -> Fault {
    match reason {
        SessionStopReason::ConnectionStopped(reason) => connection_stop(reason),
        SessionStopReason::EndedWithError(error) | SessionStopReason::RemoteEndedWithError(error) => from_amqp(error),
        SessionStopReason::Ended => lost("the session was ended"),
        SessionStopReason::RemoteEnded => lost("the other side ended the session"),
    }
}

pub(crate) fn link_state(error: &LinkStateError) -> Fault {
    match error {
        LinkStateError::SessionStopped(reason) => session_stop(reason),
        LinkStateError::RemoteDetachedWithError(error) | LinkStateError::RemoteClosedWithError(error) => {
            from_amqp(error)
        }
        other => lost(other),
    }
}

pub(crate) fn recv(error: &RecvError) -> Fault {
    match error {
        RecvError::LinkStateError(error) => link_state(error),
        other => lost(other),
    }
}

pub(crate) fn send(error: &SendError) -> Fault {
    match error {
        SendError::LinkStateError(error) => link_state(error),
        SendError::MessageSizeExceeded(error) => Fault::new(Code::MessageTooLarge, error.to_string()),
        other => lost(other),
    }
}

pub(crate) fn begin(error: &BeginError) -> Fault {
    match error {
        BeginError::ConnectionStopped(reason) => connection_stop(reason),
        BeginError::RemoteEndedWithError(error) => from_amqp(error),
        other => lost(other),
    }
}

pub(crate) fn attach_receiver(error: &ReceiverAttachError) -> Fault {
    match error {
        ReceiverAttachError::RemoteClosedWithError(error) => from_amqp(error),
        ReceiverAttachError::SessionStopped(reason) => session_stop(reason),
        ReceiverAttachError::IncomingSourceIsNone => {
            Fault::new(Code::ChannelRefused, "the other side has no such address")
        }
        other => lost(other),
    }
}

pub(crate) fn attach_sender(error: &SenderAttachError) -> Fault {
    match error {
        SenderAttachError::RemoteClosedWithError(error) => from_amqp(error),
        SenderAttachError::SessionStopped(reason) => session_stop(reason),
        SenderAttachError::IncomingTargetIsNone => {
            Fault::new(Code::ChannelRefused, "the other side has no such address")
        }
        other => lost(other),
    }
}

pub(crate) fn open(error: &OpenError) -> Fault {
    match error {
        OpenError::RemoteClosedWithError(error) => from_amqp(error),
        OpenError::SaslError { code, .. } => Fault::new(
            Code::ChannelRefused,
            format!("SASL EXTERNAL was answered with {code:?}"),
        ),
        OpenError::Io(error) | OpenError::TransportError(transport::Error::Io(error)) => opening_io(error),
        other => Fault::new(Code::ChannelUnreachable, other.to_string()),
    }
}

pub(crate) fn closed(error: &connection::Error) -> Fault {
    match error {
        connection::Error::RemoteClosedWithError(error) => from_amqp(error),
        connection::Error::TransportError(transport::Error::IdleTimeoutElapsed) => {
            lost("nothing was heard for the idle timeout")
        }
        connection::Error::TransportError(transport::Error::Io(error)) => match refusal(error) {
            Some(fault) => fault,
            None => lost(error),
        },
        other => lost(other),
    }
}

/// An I/O error while the connection was being opened.
pub(crate) fn opening_io(error: &io::Error) -> Fault {
    refusal(error).unwrap_or_else(|| Fault::new(Code::ChannelUnreachable, error.to_string()))
}

/// A TLS alert about our certificate is a refusal, not an outage.
fn refusal(error: &io::Error) -> Option<Fault> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match tls {
        rustls::Error::AlertReceived(alert) => Some(Fault::new(
            Code::ChannelRefused,
            format!("the other side refused this node's certificate with the TLS alert {alert:?}"),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

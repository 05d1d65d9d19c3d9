use super::*;
use chrono::TimeDelta;
use fe2o3_amqp::types::messaging::AmqpValue;
use sluice_contract::Message as Note;

fn envelope() -> Envelope {
    let note = Note::Unknown {
        kind: "test.note".into(),
        data: serde_json::json!({"a": 1}),
    };
    Envelope::new("g1".into(), &note).job("j1".into(), 2, Some(7))
}

fn any(message: Message<Data>) -> Message<AnyBody> {
    Message {
        header: message.header,
        delivery_annotations: None,
        message_annotations: None,
        properties: message.properties,
        application_properties: None,
        body: Body::Data(vec![message.body].into()),
        footer: None,
    }
}

#[test]
fn an_envelope_survives_and_its_properties_tell_of_it() {
    let mut envelope = envelope();
    envelope.expires = Some(Utc::now() + TimeDelta::seconds(60));
    let message = to_message(&envelope, envelope.encode().unwrap(), true);
    let properties = message.properties.clone().unwrap();
    assert_eq!(properties.message_id, Some(MessageId::String(envelope.id.clone())));
    assert_eq!(properties.correlation_id, Some(MessageId::String("j1".into())));
    assert_eq!(properties.subject.as_deref(), Some("test.note"));
    assert_eq!(properties.group_id.as_deref(), Some("j1"));
    let header = message.header.clone().unwrap();
    assert!(header.durable && header.ttl.is_some_and(|ms| (50_000..=60_000).contains(&ms)));
    assert_eq!(from_message(any(message)).unwrap(), (envelope, true));
}

#[test]
fn an_expired_envelope_has_no_time_to_live_left() {
    let mut envelope = envelope();
    envelope.expires = Some(Utc::now() - TimeDelta::seconds(60));
    let message = to_message(&envelope, Vec::new(), false);
    assert_eq!(message.header.unwrap().ttl, Some(0));
}

#[test]
fn a_body_that_is_no_envelope_is_told_apart() {
    let with = |body| {
        let mut message = any(to_message(&envelope(), b"{}".to_vec(), false));
        message.body = body;
        from_message(message).unwrap_err().code
    };
    let data = |bytes: Vec<u8>| Data(bytes.into());
    assert_eq!(with(Body::Empty), Code::MessageInvalid);
    assert_eq!(
        with(Body::Value(AmqpValue(Value::from("text".to_owned())))),
        Code::MessageInvalid
    );
    assert_eq!(
        with(Body::Data(vec![data(b"{}".to_vec())].into())),
        Code::MessageInvalid
    );
    assert_eq!(
        with(Body::Data(vec![data(Vec::new()), data(Vec::new())].into())),
        Code::MessageInvalid
    );
    assert_eq!(
        with(Body::Data(vec![data(vec![b' '; MAX_BYTES + 1])].into())),
        Code::MessageTooLarge
    );
}

#[test]
fn faults_survive_as_amqp_errors() {
    for (fault, code, message) in [
        (
            Fault::new(Code::MessageInvalid, "no such driver"),
            Code::MessageInvalid,
            "no such driver",
        ),
        (Fault::new(Code::ChannelLost, "revoked"), Code::ChannelLost, "revoked"),
        // A code of another range is for people; what it means here is in the condition.
        (
            Fault::new(Code::KeyInvalid, "cut off"),
            Code::ChannelRefused,
            "SL2001: cut off",
        ),
    ] {
        let back = from_amqp(&to_amqp(AmqpError::UnauthorizedAccess, &fault));
        assert_eq!((back.code, back.message.as_str()), (code, message));
    }
    assert_eq!(from_amqp(&AmqpFault::new(forced(), None, None)).code, Code::ChannelLost);
}

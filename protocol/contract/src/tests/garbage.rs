//! Nothing that comes from outside makes the contract panic.

use super::json::{text, value};
use crate::document::{
    ConnectionString, Dataset, IntegrationRuntime, LinkedService, Pipeline, StoreProperties, binding_of, carry_over,
    check_name, find_expression, take_secrets,
};
use crate::enrol::RegistrationKey;
use crate::message::KINDS;
use crate::sealed::{Plaintext, Secrets};
use crate::{Code, Envelope, Message, Object};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Reads everything that a view offers.
fn look(document: &Value) {
    let _ = LinkedService::view(document).map(|view| {
        (
            view.kind().len(),
            view.gateway().map(str::len),
            view.type_properties().len(),
        )
    });
    let _ =
        Dataset::view(document).map(|view| (view.kind().len(), view.linked_service().len(), view.parameters().len()));
    let _ = IntegrationRuntime::view(document);
    if let Ok(view) = Pipeline::view(document) {
        let _ = (view.parameters(), view.annotations());
        for activity in view.activities() {
            let _ = (activity.policy(), activity.depends_on(), activity.type_properties());
            let _ = activity.copy().map(|copy| copy.settings());
        }
    }
}

fn is_ours(result: Result<(), crate::Fault>, allowed: &[Code]) -> bool {
    result.err().is_none_or(|fault| allowed.contains(&fault.code))
}

/// An object made of the names that the contract looks for, with anything in them.
fn familiar() -> impl Strategy<Value = Value> {
    let names = proptest::sample::select(
        &[
            "name",
            "type",
            "properties",
            "typeProperties",
            "activities",
            "inputs",
            "outputs",
            "source",
            "sink",
            "policy",
            "timeout",
            "retry",
            "dependsOn",
            "activity",
            "dependencyConditions",
            "linkedServiceName",
            "referenceName",
            "connectVia",
            "connectionString",
            "password",
            "value",
            "url",
            "Type",
            "PROPERTIES",
        ][..],
    );
    let leaf = prop_oneof![
        value(),
        text().prop_map(Value::from),
        Just(json!("Copy")),
        Just(json!("SecureString"))
    ];
    leaf.prop_recursive(5, 40, 8, move |inner| {
        prop_oneof![
            vec((names.clone(), inner.clone()), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_no_envelope_or_one(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(is_ours(Envelope::decode(&bytes).map(drop), &[Code::MessageInvalid]));
    }

    #[test]
    fn any_json_is_no_envelope_or_one(value in familiar(), kind in proptest::sample::select(KINDS)) {
        let text = serde_json::to_vec(&value).unwrap();
        prop_assert!(is_ours(Envelope::decode(&text).map(drop), &[Code::MessageInvalid]));
        prop_assert!(is_ours(Message::from_data(kind, &value).map(drop), &[Code::MessageInvalid]));
    }

    #[test]
    fn a_damaged_envelope_is_no_envelope_or_another(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let message = Message::from_data("event.ack", &json!({"ids": ["a"]})).unwrap();
        let mut bytes = Envelope::new("g".into(), &message).encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let decoded = Envelope::decode(&bytes).and_then(|envelope| envelope.message().map(drop));
        prop_assert!(is_ours(decoded, &[Code::MessageInvalid]));
        prop_assert!(Envelope::decode(&bytes[..at]).is_err());
    }

    #[test]
    fn any_json_may_be_looked_at(document in prop_oneof![value(), familiar()]) {
        look(&document);
        look(&json!({"properties": document}));
        look(&json!({"properties": {"type": "T", "activities": [document], "typeProperties": document}}));
        let copy = json!({"name": "a", "type": "Copy", "typeProperties": {"source": {}, "sink": {}}, "policy": document,
            "dependsOn": document, "inputs": document, "outputs": document});
        look(&json!({"properties": {"activities": [copy]}}));
    }

    #[test]
    fn secrets_may_be_taken_from_anything(document in prop_oneof![value(), familiar()]) {
        let mut object = json!({ "properties": document });
        let Some(object) = object.as_object_mut() else { unreachable!("it is one") };
        let secrets = take_secrets(object);
        let _ = (carry_over(object), find_expression(object), secrets.names().count());
        // What is left has no secret any more.
        let left = object.clone();
        prop_assert!(take_secrets(object).is_empty());
        prop_assert_eq!(&left, object);
    }

    #[test]
    fn any_text_is_a_key_or_none(text in prop_oneof![text(), "SLUICE(@[a-zA-Z0-9=_-]{0,50}){0,7}"]) {
        prop_assert!(is_ours(RegistrationKey::parse(&text).map(drop), &[Code::KeyInvalid]));
    }

    #[test]
    fn any_text_is_a_connection_string(text in prop_oneof![text(), "[=;'\"{} aAß]{0,30}"]) {
        let parsed = ConnectionString::parse(&text);
        let _ = (parsed.get(&["a"]), parsed.names().count(), format!("{parsed:?}"));
        // Written out and read again it is the same.
        let again = ConnectionString::parse(&parsed.without(|_| false));
        prop_assert_eq!(again.without(|_| false), parsed.without(|_| false));
        prop_assert!(again.names().eq(parsed.names()));
        for name in parsed.names() {
            prop_assert_eq!(again.get(&[name]), parsed.get(&[name]));
        }
    }

    #[test]
    fn anything_has_a_binding(kind in text(), document in familiar(), text in text()) {
        let object: Object = json!({"server": document, "connectionString": text, "port": document})
            .as_object().cloned().unwrap_or_default();
        let _ = binding_of(&kind, &object);
        let store = StoreProperties { kind, public: object, secrets: Secrets::new() };
        let _ = (store.binding(), store.either("server", &["host"]));
    }

    #[test]
    fn any_text_is_a_name_or_not(name in text()) {
        prop_assert!(is_ours(check_name(&name), &[Code::NameInvalid]));
    }

    #[test]
    fn any_bytes_are_no_credential_or_one(bytes in vec(any::<u8>(), 0..200)) {
        let _ = serde_json::from_slice::<Plaintext>(&bytes).is_ok();
    }
}

//! What has to be done with each document, by what the factory has.

use crate::api::Api;
use serde_json::{Map, Value};
use sluice_contract::document::{MASK, Trigger, member, take_secrets};
use sluice_contract::{Code, Fault, Object};
use sluice_documents::{Document, Kind};
use std::collections::HashMap;

/// What is done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Update,
    Unchanged,
    /// The factory keeps no such document.
    LeftOut,
}

impl Action {
    pub(super) fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Unchanged => "unchanged",
            Action::LeftOut => "left out",
        }
    }
}

/// A document, and what is done with it and why.
pub(super) struct Planned {
    pub(super) action: Action,
    pub(super) why: String,
    /// Whether the trigger runs now.
    pub(super) started: bool,
}

/// What a factory has, by kind and name in lower case. A kind that is not in it is one that the factory does not keep.
pub(super) struct Stock(HashMap<Kind, HashMap<String, Value>>);

impl Stock {
    /// Asks for everything of these kinds.
    ///
    /// # Errors
    /// Whatever the factory answers but that it has no such data factory, or keeps no such documents.
    pub(super) async fn of(api: &Api, kinds: impl Iterator<Item = Kind>) -> Result<Self, Fault> {
        let mut stock = HashMap::new();
        for kind in kinds {
            if kind == Kind::Factory {
                let found = match api.get(&[]).await {
                    Err(fault) if fault.code == Code::NotFound => HashMap::new(),
                    other => HashMap::from([(String::new(), other?)]),
                };
                stock.insert(kind, found);
                continue;
            }
            match api.list(&[kind.collection()]).await {
                Ok(items) => {
                    let named = |item: Value| Some((item["name"].as_str()?.to_lowercase(), item));
                    stock.insert(kind, items.into_iter().filter_map(named).collect());
                }
                Err(fault) if fault.code == Code::NotFound => drop(stock.insert(kind, HashMap::new())),
                Err(fault) if fault.code == Code::OperationNotSupported => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(Self(stock))
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.0
            .get(&kind)
            .is_some_and(|all| all.contains_key(&name.to_lowercase()))
    }

    /// What has to be done with a document.
    pub(super) fn plan(&self, document: &Document) -> Planned {
        let planned = |action, why: &str| Planned {
            action,
            why: why.to_owned(),
            started: false,
        };
        let Some(all) = self.0.get(&document.kind) else {
            return planned(Action::LeftOut, "the factory keeps no documents of this kind");
        };
        if is_machine_of_azure(document) {
            return planned(Action::LeftOut, "it is a machine of Azure's, and no gateway");
        }
        let key = match document.kind {
            Kind::Factory => String::new(),
            _ => document.name.to_lowercase(),
        };
        let remark = never_fires(document).unwrap_or_default();
        let Some(there) = all.get(&key) else {
            return planned(Action::Create, &remark);
        };
        let started = there.pointer("/properties/runtimeState").and_then(Value::as_str) == Some("Started");
        let (mine, secret) = comparable(document);
        let planned = match () {
            () if secret => planned(Action::Update, "its secret cannot be compared"),
            () if covers(&mine, there) => planned(Action::Unchanged, &remark),
            () => planned(Action::Update, &remark),
        };
        Planned { started, ..planned }
    }
}

fn is_machine_of_azure(document: &Document) -> bool {
    let kind = document.body.pointer("/properties/type").and_then(Value::as_str);
    document.kind == Kind::IntegrationRuntime && kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("SelfHosted"))
}

/// Why a trigger is kept and not started; `None` for one that fires, or is none.
pub(super) fn never_fires(document: &Document) -> Option<String> {
    if document.kind != Kind::Trigger {
        return None;
    }
    let view = Trigger::view(&document.body).ok()?;
    let fault = view.check_fires().err()?;
    Some(format!("kept, not started: {}", fault.message))
}

/// Members that belong to the factory, and to Data Factory's Git.
const READ_ONLY: &[&str] = &[
    "id",
    "name",
    "type",
    "etag",
    "$schema",
    "lastPublishTime",
    "lastModifiedByObjectId",
    "runtimeState",
];

/// A document as the factory would give it back, and whether there was a secret in it.
fn comparable(document: &Document) -> (Value, bool) {
    let mut body = document.body.clone();
    let mut secret = false;
    if document.kind == Kind::LinkedService
        && let Some(properties) = body.as_object_mut().and_then(|body| member_mut(body, "properties"))
        && let Some(Value::Object(inner)) = properties
            .as_object_mut()
            .and_then(|all| member_mut(all, "typeProperties"))
    {
        secret = !take_secrets(inner).is_empty();
    }
    mask(&mut body);
    (body, secret)
}

fn member_mut<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.get_mut(&key)
}

/// Replaces secrets by what the factory shows in their place.
fn mask(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let kind = member(object, "type").and_then(Value::as_str).unwrap_or_default();
            if kind.eq_ignore_ascii_case("SecureString") {
                for (name, value) in object.iter_mut() {
                    if (name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case("defaultValue"))
                        && !value.is_null()
                    {
                        *value = MASK.into();
                    }
                }
            }
            object.values_mut().for_each(mask);
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Whether what is there says all that the document says. The factory adds members of its own at the top only.
fn covers(mine: &Value, there: &Value) -> bool {
    let own = |value: &Value| -> Map<String, Value> {
        let members = value.as_object().into_iter().flatten();
        let own = members.filter(|(name, _)| !READ_ONLY.iter().any(|other| name.eq_ignore_ascii_case(other)));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let strip = |value: &Value| {
        let mut all = own(value);
        if let Some(properties) = all.get_mut("properties") {
            // A type is the document's own here.
            let kind = properties.get("type").cloned();
            let mut inner = own(properties);
            inner.extend(kind.map(|kind| ("type".to_owned(), kind)));
            *properties = Value::Object(inner);
        }
        all
    };
    let (mine, mut there) = (strip(mine), strip(there));
    // What the factory says of itself.
    for name in ["eTag", "location", "identity", "tags"] {
        if !mine.contains_key(name) {
            there.remove(name);
        }
    }
    if let (Some(Value::Object(inner)), Some(Value::Object(other))) =
        (mine.get("properties"), there.get_mut("properties"))
    {
        for name in ["provisioningState", "createTime", "version"] {
            if !inner.contains_key(name) {
                other.remove(name);
            }
        }
    }
    mine == there
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sluice_documents::{Values, read};

    fn document(file: &str, body: &Value) -> Document {
        let read = read(file, body.to_string().as_bytes(), &Values::default()).unwrap();
        read.documents.into_iter().next().unwrap()
    }

    fn plan(file: &str, body: &Value, there: &Value) -> Planned {
        let document = document(file, body);
        let all = HashMap::from([("n".to_owned(), there.clone())]);
        Stock(HashMap::from([(document.kind, all)])).plan(&document)
    }

    #[test]
    fn what_the_factory_adds_is_no_change() {
        let mine = json!({ "name": "N", "properties": { "activities": [], "lastPublishTime": "x" } });
        let there = json!({ "id": "/x", "name": "n", "type": "t", "etag": "e", "properties": { "activities": [] } });
        assert_eq!(plan("pipeline/n.json", &mine, &there).action, Action::Unchanged);
        let changed = json!({ "properties": { "activities": [], "description": "x" } });
        assert_eq!(plan("pipeline/n.json", &changed, &there).action, Action::Update);
        assert_eq!(plan("pipeline/m.json", &changed, &there).action, Action::Create);
    }

    #[test]
    fn a_trigger_that_cannot_fire_is_sent_and_that_is_told() {
        let document = document(
            "trigger/n.json",
            &json!({ "properties": { "type": "CustomEventsTrigger" } }),
        );
        let planned = Stock(HashMap::from([(Kind::Trigger, HashMap::new())])).plan(&document);
        assert_eq!(planned.action, Action::Create);
        let why = &planned.why;
        assert!(
            why.contains("CustomEventsTrigger") && why.contains("not started"),
            "{why}"
        );
    }

    #[test]
    fn a_type_is_a_change() {
        let there = json!({ "properties": { "type": "A", "typeProperties": {} } });
        let mine = json!({ "properties": { "type": "B", "typeProperties": {} } });
        assert_eq!(plan("linkedService/n.json", &mine, &there).action, Action::Update);
        assert_eq!(plan("linkedService/n.json", &there, &there).action, Action::Unchanged);
    }

    #[test]
    fn secrets_are_sent_again_and_masks_are_not() {
        let there = json!({ "properties": { "type": "A", "typeProperties": { "password": { "type": "SecureString", "value": MASK } } } });
        assert_eq!(plan("linkedService/n.json", &there, &there).action, Action::Unchanged);
        let mine = json!({ "properties": { "type": "A", "typeProperties": { "password": "canary" } } });
        let planned = plan("linkedService/n.json", &mine, &there);
        assert_eq!(
            (planned.action, planned.why.as_str()),
            (Action::Update, "its secret cannot be compared")
        );
    }
}

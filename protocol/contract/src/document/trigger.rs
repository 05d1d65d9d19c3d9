//! A trigger: what starts pipelines, and with which parameters.

use super::{Reference, empty, member, properties, served, text};
use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;

/// What makes a trigger fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// A schedule by the clock.
    Schedule,
    /// Windows of time, one behind the other, each of which has to succeed.
    Tumbling,
    /// Files that come and go.
    Arrivals,
    /// Something that does not happen here: the document is kept, and cannot be started. Its type.
    Stored(&'static str),
}

impl TriggerKind {
    /// The document's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerKind::Schedule => "ScheduleTrigger",
            TriggerKind::Tumbling => "TumblingWindowTrigger",
            TriggerKind::Arrivals => "BlobEventsTrigger",
            TriggerKind::Stored(name) => name,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let stored = served::STORED_TRIGGERS.iter().map(|name| TriggerKind::Stored(name));
        let fire = [TriggerKind::Schedule, TriggerKind::Tumbling, TriggerKind::Arrivals];
        let mut all = fire.into_iter().chain(stored);
        all.find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// A typed view on a trigger of a type that is known here.
#[derive(Clone, Copy, Debug)]
pub struct Trigger<'a> {
    properties: &'a Object,
    kind: TriggerKind,
}

impl<'a> Trigger<'a> {
    /// Reads `{"properties": {"type": "..", "typeProperties": {..}}}`.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], [`Code::TypeMissing`] without a type, [`Code::TriggerUnsupported`] for one of another type.
    pub fn view(document: &'a Value) -> Result<Self, Fault> {
        let properties = properties(document)?;
        let trigger = |kind| Self { properties, kind };
        let sent = text(properties, "type");
        if let Some(kind) = sent.and_then(TriggerKind::parse) {
            return Ok(trigger(kind));
        }
        // azure-mgmt-datafactory 10.0.0 sends the name of a base class, or none.
        if sent.is_none_or(|sent| sent == "MultiplePipelineTrigger" || sent == "Trigger")
            && let Some(kind) = by_members(properties)
        {
            return Ok(trigger(kind));
        }
        match sent {
            None => Err(Fault::new(
                Code::TypeMissing,
                "the trigger has no `type` (azure-mgmt-datafactory 10.0.0 built with keyword arguments does this)",
            )),
            Some(sent) => Err(Fault::new(
                Code::TriggerUnsupported,
                format!(
                    "there are no triggers of type {sent}; these fire here: {}",
                    served::TRIGGERS.join(", ")
                ),
            )),
        }
    }

    /// Whether it can be started.
    ///
    /// # Errors
    /// [`Code::TriggerUnsupported`].
    pub fn check_fires(&self) -> Result<(), Fault> {
        match self.kind {
            TriggerKind::Schedule | TriggerKind::Tumbling | TriggerKind::Arrivals => Ok(()),
            TriggerKind::Stored(name) => Err(Fault::new(
                Code::TriggerUnsupported,
                format!(
                    "triggers of type {name} do not fire here; these do: {}",
                    served::TRIGGERS.join(", ")
                ),
            )),
        }
    }

    /// What makes it fire.
    pub fn kind(&self) -> TriggerKind {
        self.kind
    }

    /// Its `typeProperties`.
    pub fn type_properties(&self) -> &'a Object {
        member(self.properties, "typeProperties")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// The linked service whose files it watches, where the document names one; a member of our own.
    pub fn linked_service(&self) -> Option<Reference<'a>> {
        member(self.type_properties(), "linkedServiceName").and_then(Reference::view)
    }

    /// The pipelines that it starts, with what each is given for its parameters.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`] for one that is not named.
    pub fn pipelines(&self) -> Result<Vec<Reference<'a>>, Fault> {
        let items: Vec<&Value> = match self.kind {
            TriggerKind::Tumbling => member(self.properties, "pipeline").into_iter().collect(),
            TriggerKind::Stored(_) if member(self.properties, "pipelines").is_none() => {
                member(self.properties, "pipeline").into_iter().collect()
            }
            TriggerKind::Schedule | TriggerKind::Arrivals | TriggerKind::Stored(_) => {
                match member(self.properties, "pipelines") {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(items)) => items.iter().collect(),
                    Some(_) => return Err(Fault::new(Code::DocumentInvalid, "`pipelines` is not an array")),
                }
            }
        };
        items.into_iter().filter(|item| !item.is_null()).map(started).collect()
    }
}

/// `{"pipelineReference": {..}, "parameters": {..}}`.
fn started(item: &Value) -> Result<Reference<'_>, Fault> {
    let object = item.as_object();
    let reference = object.and_then(|object| member(object, "pipelineReference"));
    let named = reference.and_then(Reference::view).ok_or_else(|| {
        Fault::new(
            Code::DocumentInvalid,
            "a pipeline of the trigger has no `pipelineReference` with a `referenceName`",
        )
    })?;
    let parameters = object
        .and_then(|object| member(object, "parameters"))
        .and_then(Value::as_object);
    Ok(Reference {
        parameters: parameters.unwrap_or(empty()),
        ..named
    })
}

/// The type of a trigger that lost it, where its members leave one possibility.
fn by_members(properties: &Object) -> Option<TriggerKind> {
    let inner = member(properties, "typeProperties").and_then(Value::as_object)?;
    let has = |name: &str| member(inner, name).is_some();
    match () {
        () if has("recurrence") => Some(TriggerKind::Schedule),
        () if has("blobPathBeginsWith") || has("blobPathEndsWith") => Some(TriggerKind::Arrivals),
        () if has("maxConcurrency") && has("frequency") && member(properties, "pipeline").is_some() => {
            Some(TriggerKind::Tumbling)
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_known_also_when_they_are_lost() {
        let kind = |properties: Value| Trigger::view(&json!({ "properties": properties })).map(|view| view.kind());
        let schedule = json!({ "recurrence": {} });
        let windows = json!({ "frequency": "Hour", "maxConcurrency": 1 });
        for (properties, wanted) in [
            (json!({ "type": "scheduletrigger" }), TriggerKind::Schedule),
            (json!({ "type": "TumblingWindowTrigger" }), TriggerKind::Tumbling),
            (
                json!({ "type": "MultiplePipelineTrigger", "typeProperties": schedule }),
                TriggerKind::Schedule,
            ),
            (
                json!({ "pipeline": {}, "typeProperties": windows }),
                TriggerKind::Tumbling,
            ),
            (
                json!({ "type": "Trigger", "typeProperties": { "blobPathEndsWith": ".csv" } }),
                TriggerKind::Arrivals,
            ),
        ] {
            assert_eq!(kind(properties.clone()).unwrap(), wanted, "{properties}");
        }
        for (properties, code) in [
            (json!({}), Code::TypeMissing),
            (json!({ "type": "MoonTrigger" }), Code::TriggerUnsupported),
            (json!({ "type": "MultiplePipelineTrigger" }), Code::TriggerUnsupported),
        ] {
            assert_eq!(kind(properties.clone()).unwrap_err().code, code, "{properties}");
        }
    }

    #[test]
    fn what_does_not_happen_here_is_kept_and_not_started() {
        for name in served::STORED_TRIGGERS {
            let document = json!({ "properties": { "type": name, "pipelines": [] } });
            let view = Trigger::view(&document).unwrap();
            assert_eq!(view.kind().as_str(), *name);
            assert_eq!(view.check_fires().unwrap_err().code, Code::TriggerUnsupported);
        }
        let document = json!({ "properties": { "type": "ScheduleTrigger" } });
        Trigger::view(&document).unwrap().check_fires().unwrap();
    }

    #[test]
    fn pipelines_come_with_their_parameters() {
        let named = json!({ "pipelineReference": { "referenceName": "P", "type": "PipelineReference" }, "parameters": { "a": 1 } });
        let one = json!({ "properties": { "type": "TumblingWindowTrigger", "pipeline": named } });
        let many = json!({ "properties": { "type": "ScheduleTrigger", "pipelines": [named, named] } });
        for (document, count) in [(&one, 1), (&many, 2)] {
            let found = Trigger::view(document).unwrap().pipelines().unwrap();
            assert_eq!(found.len(), count);
            assert_eq!((found[0].name, &found[0].parameters["a"]), ("P", &json!(1)));
        }
        let wrong = json!({ "properties": { "type": "ScheduleTrigger", "pipelines": [{}] } });
        let fault = Trigger::view(&wrong).unwrap().pipelines().unwrap_err();
        assert_eq!(fault.code, Code::DocumentInvalid);
    }
}

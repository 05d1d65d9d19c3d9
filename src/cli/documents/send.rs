//! Sending documents, and starting triggers.

use super::plan::{Action, Planned, never_fires};
use crate::api::Api;
use serde_json::{Value, json};
use sluice_contract::Fault;
use sluice_documents::{Document, Kind};

/// Sends a document, if there is something to send; the factory's answer.
pub(super) async fn send(api: &Api, document: &Document, planned: &Planned) -> Result<Value, Fault> {
    let changes = matches!(planned.action, Action::Create | Action::Update);
    let (kind, name) = (document.kind.collection(), document.name.as_str());
    let trigger = document.kind == Kind::Trigger && planned.action != Action::LeftOut;
    // A trigger is not changed while it runs.
    if trigger && changes && planned.started {
        api.post(&[kind, name, "stop"], &json!({})).await?;
    }
    let reply = match (changes, document.kind) {
        (false, _) => Value::Null,
        (true, Kind::Factory) => api.put(&[], &document.body).await?,
        (true, _) => api.put(&[kind, name], &document.body).await?,
    };
    if trigger {
        start_or_stop(api, document, planned, changes).await?;
    }
    Ok(reply)
}

/// Does what the file says of the trigger's state; where it says nothing, the trigger stays as it was.
async fn start_or_stop(api: &Api, document: &Document, planned: &Planned, stopped: bool) -> Result<(), Fault> {
    let (kind, name) = (document.kind.collection(), document.name.as_str());
    let runs = planned.started && !stopped;
    let wanted = document
        .body
        .pointer("/properties/runtimeState")
        .and_then(Value::as_str);
    let wanted = match wanted {
        Some(state) => state.eq_ignore_ascii_case("Started"),
        None => planned.started,
    };
    if wanted && !runs && never_fires(document).is_none() {
        api.post(&[kind, name, "start"], &json!({})).await?;
    } else if !wanted && runs {
        api.post(&[kind, name, "stop"], &json!({})).await?;
    }
    Ok(())
}

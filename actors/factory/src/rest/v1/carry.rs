//! Carrying documents over, and writing what they become.

use super::Collection;
use super::inner::ask;
use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::state::v1_documents::OldRow;
use axum::http::Method;
use serde_json::{Value, json};
use sluice_adf_v1::{Kind, Note, Old, Translated, translate};
use sluice_contract::document::member;
use sluice_contract::{Code, Fault};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A document that is new or changed, and those that are there.
pub(super) struct Change<'a> {
    pub(super) collection: Collection,
    pub(super) name: &'a str,
    pub(super) body: &'a Value,
    pub(super) rows: &'a [OldRow],
}

fn kind_of(collection: &str) -> Kind {
    match collection {
        "linkedservices" => Kind::LinkedService,
        "datasets" => Kind::Dataset,
        _ => Kind::Pipeline,
    }
}

fn collection_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Gateway => "integrationruntimes",
        Kind::LinkedService => "linkedservices",
        Kind::Dataset => "datasets",
        Kind::Pipeline => "pipelines",
        Kind::Trigger => "triggers",
    }
}

fn row(row: &OldRow) -> Old<'_> {
    Old {
        kind: kind_of(&row.kind),
        name: &row.name,
        body: &row.body,
    }
}

/// Writes what a document becomes; collection and name of each. What it became before and does not any more is removed.
///
/// # Errors
/// `SL4076`, `SL4077` and others for what cannot be carried over; whatever today's operations answer.
pub(super) async fn write(
    app: &Arc<App>,
    call: &Call,
    change: &Change<'_>,
    before: &[(String, String)],
) -> Result<Vec<(String, String)>, ApiError> {
    let kind = kind_of(change.collection.name());
    let others = change
        .rows
        .iter()
        .filter(|row| kind_of(&row.kind) != kind || row.name.to_lowercase() != change.name.to_lowercase());
    let mut old: Vec<Old<'_>> = others.map(row).collect();
    let of = old.len();
    old.push(Old {
        kind,
        name: change.name,
        body: change.body,
    });
    let translation = translate(&old);
    if let Some(note) = translation
        .notes
        .iter()
        .find(|note| note.of == of && note.code.is_some())
    {
        return Err(refusal(note).into());
    }
    check_references(change, &old)?;
    let mut made = Vec::new();
    for document in translation
        .documents
        .iter()
        .filter(|document| belongs(document, of, change, &old))
    {
        put(app, call, document).await?;
        if document.of == of {
            made.push((collection_of(document.kind).to_owned(), document.name.clone()));
        }
    }
    let gone: Vec<_> = before.iter().filter(|old| !made.contains(old)).cloned().collect();
    remove(app, call, &gone).await?;
    Ok(made)
}

fn refusal(note: &Note) -> Fault {
    let path: Vec<String> = note
        .path
        .iter()
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect();
    let code = note.code.unwrap_or(Code::OldDocumentRefused);
    Fault::new(code, format!("{}: {}", path.join("."), note.text))
}

/// What has to be written: what comes of the document itself, and what a pipeline and its datasets say of each other.
fn belongs(document: &Translated, of: usize, change: &Change<'_>, old: &[Old<'_>]) -> bool {
    if document.of == of {
        return true;
    }
    let other = &old[document.of];
    match (change.collection, document.kind) {
        (Collection::Datasets, Kind::Pipeline | Kind::Trigger) => {
            ends(other.body).contains(&change.name.to_lowercase())
        }
        (Collection::Pipelines, Kind::Dataset) => ends(change.body).contains(&other.name.to_lowercase()),
        _ => false,
    }
}

/// The datasets that a pipeline's activities name, in lower case.
fn ends(pipeline: &Value) -> BTreeSet<String> {
    let object = |value: &Value, name: &str| value.as_object().and_then(|object| member(object, name)).cloned();
    let list = |value: Option<Value>| value.and_then(|value| value.as_array().cloned()).unwrap_or_default();
    let mut names = BTreeSet::new();
    for activity in list(object(pipeline, "properties").and_then(|properties| object(&properties, "activities"))) {
        for end in ["inputs", "outputs"] {
            let named = list(object(&activity, end)).into_iter();
            names.extend(named.filter_map(|item| Some(object(&item, "name")?.as_str()?.to_lowercase())));
        }
    }
    names
}

/// A pipeline's datasets have to be there: they say when it runs.
fn check_references(change: &Change<'_>, old: &[Old<'_>]) -> Result<(), Fault> {
    if change.collection != Collection::Pipelines {
        return Ok(());
    }
    for name in ends(change.body) {
        let there = old
            .iter()
            .any(|other| other.kind == Kind::Dataset && other.name.to_lowercase() == name);
        if !there {
            return Err(Fault::new(
                Code::ReferenceMissing,
                format!("there is no dataset named {name}"),
            ));
        }
    }
    Ok(())
}

async fn put(app: &Arc<App>, call: &Call, document: &Translated) -> Result<(), ApiError> {
    let below = [collection_of(document.kind), document.name.as_str()];
    if document.kind != Kind::Trigger {
        return ask(app, call, Method::PUT, &below, Some(&document.body))
            .await
            .map(drop);
    }
    // A trigger is not changed while it runs, and changed only where it differs: its windows stay what they are.
    let there = match ask(app, call, Method::GET, &below, None).await {
        Ok(there) => there,
        Err(error) if error.is_not_found() => Value::Null,
        Err(error) => return Err(error),
    };
    let wanted = document.body["properties"]["runtimeState"] == "Started";
    let runs = there["properties"]["runtimeState"] == "Started";
    let same = ["type", "pipeline", "typeProperties"]
        .iter()
        .all(|name| there["properties"][*name] == document.body["properties"][*name]);
    let verb = |verb: &'static str| [below[0], below[1], verb];
    if runs && (!same || !wanted) {
        ask(app, call, Method::POST, &verb("stop"), Some(&json!({}))).await?;
    }
    if !same {
        ask(app, call, Method::PUT, &below, Some(&document.body)).await?;
    }
    if wanted && (!runs || !same) {
        ask(app, call, Method::POST, &verb("start"), Some(&json!({}))).await?;
    }
    Ok(())
}

/// Removes documents, the last one first; those that are gone are gone.
pub(super) async fn remove(app: &Arc<App>, call: &Call, made: &[(String, String)]) -> Result<(), ApiError> {
    for (collection, name) in made.iter().rev() {
        if collection == "triggers" {
            // One that does not run is not stopped; that is no reason to stay.
            let _ = ask(app, call, Method::POST, &[collection, name, "stop"], Some(&json!({}))).await;
        }
        ask(app, call, Method::DELETE, &[collection, name], None).await?;
    }
    Ok(())
}

//! GetMetadata: what a dataset is.

mod structure;

use crate::TaskJob;
use crate::settings::property;
use arrow::datatypes::SchemaRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::files::{ByteStore, Child, Entry, Folder, Selection};
use sluice_store_core::{Connection, SourceRequest};
use std::sync::Arc;

/// What a dataset turned out to be.
pub(crate) enum Facts {
    File(Entry),
    Folder { name: String, folder: Folder },
    Table(SchemaRef),
}

pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let fields = fields(&job.spec.settings)?;
    let asks_whether = fields.iter().any(|field| field.eq_ignore_ascii_case("exists"));
    let found = match facts(job).await {
        Ok(found) => found,
        // Without the question it is an error, as in ADF.
        Err(fault) if asks_whether && matches!(fault.code, Code::FileNotFound | Code::TableNotFound) => {
            let mut output = Object::new();
            output.insert("exists".to_owned(), json!(false));
            return Ok(output);
        }
        Err(fault) => return Err(fault),
    };
    let mut output = Object::new();
    for field in &fields {
        let (name, value) = one(job, &found, field).await?;
        output.insert(name.to_owned(), value);
    }
    Ok(output)
}

/// Looks at the dataset.
///
/// # Errors
/// `SL6004` or `SL6005` when it is not there; other `SL60xx`.
pub(crate) async fn facts(job: &TaskJob<'_>) -> Result<Facts, Fault> {
    let (store, end) = (job.store()?, end(job)?);
    let Some(files) = store.files() else {
        return Ok(Facts::Table(schema(store.as_ref(), end).await?));
    };
    let selection = selection(files.as_ref(), end)?;
    let location = &selection.location;
    if location.file.is_some() {
        let found = files.find(location).await?.into_iter().next();
        let missing = || Fault::new(Code::FileNotFound, format!("there is no file {:?}", location.label()));
        return found.map(Facts::File).ok_or_else(missing);
    }
    let mut folder = files.folder(location).await?;
    folder.children.retain(|child| wanted(&selection, child));
    let name = location.folder.rsplit('/').next().unwrap_or_default();
    Ok(Facts::Folder {
        name: if name.is_empty() { &location.container } else { name }.to_owned(),
        folder,
    })
}

fn end<'a>(job: &'a TaskJob<'_>) -> Result<&'a Endpoint, Fault> {
    let text = format!("the {} has no dataset", job.spec.kind.as_str());
    job.spec.store.as_ref().ok_or_else(|| property(text))
}

fn selection(files: &dyn ByteStore, end: &Endpoint) -> Result<Selection, Fault> {
    Selection::read(
        &end.dataset,
        &end.activity,
        files.location_types(),
        files.has_containers(),
    )
}

/// Whether a child fits the names and times that are asked for; folders have no times in most stores.
fn wanted(selection: &Selection, child: &Child) -> bool {
    let named = selection.names.as_ref().is_none_or(|names| names.fits(&child.name));
    let timed = child.modified.is_none_or(|at| {
        selection.modified_from.is_none_or(|from| at >= from) && selection.modified_until.is_none_or(|until| at < until)
    });
    named && (child.is_folder || timed)
}

fn fields(settings: &Object) -> Result<Vec<String>, Fault> {
    let list = match member(settings, "fieldList") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => return Err(property("GetMetadata has no `fieldList`")),
    };
    list.iter()
        .map(|field| field.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| property("`fieldList` is not a list of texts"))
}

async fn one(job: &TaskJob<'_>, found: &Facts, field: &str) -> Result<(&'static str, Value), Fault> {
    let not_for = |what: &str| property(format!("GetMetadata: {field:?} is not there for {what}"));
    let is = |name: &str| field.eq_ignore_ascii_case(name);
    Ok(match found {
        _ if is("exists") => ("exists", json!(true)),
        Facts::Table(schema) if is("structure") => ("structure", structure::of(schema)),
        Facts::Table(schema) if is("columnCount") => ("columnCount", json!(schema.fields().len())),
        Facts::Table(_) => return Err(not_for("a table")),
        Facts::File(file) if is("itemName") => ("itemName", json!(file.name())),
        Facts::File(_) if is("itemType") => ("itemType", json!("File")),
        Facts::File(file) if is("size") => ("size", json!(file.size)),
        Facts::File(file) if is("lastModified") => ("lastModified", moment(file.modified)),
        Facts::File(file) if is("contentMD5") => ("contentMD5", md5(job, file).await?),
        Facts::File(_) if is("structure") => {
            let schema = schema(job.store()?.as_ref(), end(job)?).await?;
            ("structure", structure::of(&schema))
        }
        Facts::File(_) if is("columnCount") => {
            let schema = schema(job.store()?.as_ref(), end(job)?).await?;
            ("columnCount", json!(schema.fields().len()))
        }
        Facts::File(_) => return Err(not_for("a file")),
        Facts::Folder { name, .. } if is("itemName") => ("itemName", json!(name)),
        Facts::Folder { .. } if is("itemType") => ("itemType", json!("Folder")),
        Facts::Folder { folder, .. } if is("lastModified") => ("lastModified", moment(folder.modified)),
        Facts::Folder { folder, .. } if is("childItems") => ("childItems", children(folder)),
        Facts::Folder { .. } => return Err(not_for("a folder")),
    })
}

fn children(folder: &Folder) -> Value {
    let child = |child: &Child| {
        let kind = if child.is_folder { "Folder" } else { "File" };
        json!({"name": child.name, "type": kind})
    };
    folder.children.iter().map(child).collect()
}

fn moment(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| {
        Value::from(at.to_rfc3339_opts(SecondsFormat::Secs, true))
    })
}

/// What the store keeps of the file's content; null where it keeps nothing.
async fn md5(job: &TaskJob<'_>, file: &Entry) -> Result<Value, Fault> {
    let Some(files) = job.store()?.files() else {
        return Ok(Value::Null);
    };
    let reader = files.open(file).await?;
    // It comes with the first bytes.
    reader.read(0..file.size.min(1)).await?;
    Ok(reader
        .md5()
        .map_or(Value::Null, |md5| Value::from(STANDARD.encode(md5))))
}

async fn schema(store: &dyn Connection, end: &Endpoint) -> Result<SchemaRef, Fault> {
    let request = SourceRequest {
        dataset_kind: end.dataset_kind.clone(),
        dataset: end.dataset.clone(),
        activity: end.activity.clone(),
        parallel: 1,
        batch_bytes: 1 << 20,
        ..SourceRequest::default()
    };
    let source = store.source(request).await?;
    Ok(Arc::clone(&source.schema()))
}

//! `sluice apply`: documents from files to a factory.

use super::args::{ApiArgs, ApplyArgs};
use super::output::{Output, note, table};
use crate::api::{Api, ApiOptions, read, read_secret};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::path::{Path, PathBuf};

/// The kinds of documents in the order in which they have to be made, with their folder in Data Factory's Git layout.
const KINDS: [(&str, &str); 4] = [
    ("integrationRuntimes", "integrationRuntime"),
    ("linkedservices", "linkedService"),
    ("datasets", "dataset"),
    ("pipelines", "pipeline"),
];

struct Document {
    kind: usize,
    name: String,
    body: Value,
    file: PathBuf,
}

/// Makes a client of the options every factory command has.
pub(super) fn connect(args: &ApiArgs) -> Result<Api, Fault> {
    let token = match &args.token_file {
        Some(file) => read_secret(file)?,
        None => std::env::var("SLUICE_TOKEN").map(Into::into).map_err(|_| {
            Fault::new(
                Code::Unauthorized,
                "no token: name its file with --token-file or SLUICE_TOKEN_FILE",
            )
        })?,
    };
    Api::new(ApiOptions {
        url: args.factory.clone(),
        ca_file: args.ca_file.clone(),
        token,
        subscription: args.subscription.clone(),
        resource_group: args.resource_group.clone(),
        factory: args.factory_name.clone(),
    })
}

pub(super) async fn run(args: ApplyArgs, output: &Output) -> Result<(), Fault> {
    let mut documents = Vec::new();
    for path in &args.file {
        collect(path, &mut documents)?;
    }
    if documents.is_empty() {
        return Err(Fault::new(
            Code::FileNotFound,
            "no document was found: no .json file in the folders given",
        ));
    }
    documents.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let api = connect(&args.api)?;
    api.ensure_factory().await?;
    let mut applied = Vec::new();
    for document in &documents {
        let kind = KINDS[document.kind].0;
        let context = |fault: Fault| fault.context(document.file.display());
        let reply = api
            .put(&[kind, &document.name], &document.body)
            .await
            .map_err(context)?;
        applied.push(json!({ "kind": kind, "name": document.name, "etag": reply["etag"], "file": document.file }));
    }
    note(format_args!(
        "{} documents applied to {}",
        applied.len(),
        args.api.factory_name
    ));
    let rows: Vec<_> = documents
        .iter()
        .map(|document| {
            vec![
                KINDS[document.kind].1.to_owned(),
                document.name.clone(),
                document.file.display().to_string(),
            ]
        })
        .collect();
    output.print(&json!(applied), |_| table(&["KIND", "NAME", "FILE"], &rows));
    Ok(())
}

fn collect(path: &Path, documents: &mut Vec<Document>) -> Result<(), Fault> {
    if path.is_dir() {
        let unreadable = |e| Fault::new(Code::FileUnreadable, format!("{}: {e}", path.display()));
        let mut entries: Vec<_> = std::fs::read_dir(path)
            .map_err(unreadable)?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for entry in entries {
            let hidden = entry
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && (entry.is_dir() || entry.extension().is_some_and(|e| e == "json")) {
                collect(&entry, documents)?;
            }
        }
        return Ok(());
    }
    documents.push(load(path)?);
    Ok(())
}

fn load(path: &Path) -> Result<Document, Fault> {
    let text = read(path)?;
    let at = |fault: Fault| fault.context(path.display());
    // Files written on Windows begin with a byte order mark.
    let body: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|e| at(Fault::new(Code::BadJson, format!("not JSON: {e}"))))?;
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let by_folder = KINDS.iter().position(|(_, name)| name.eq_ignore_ascii_case(&folder));
    let kind = by_folder.or_else(|| guess(&body)).ok_or_else(|| {
        at(Fault::new(
            Code::DocumentInvalid,
            "neither its folder nor its content says what kind of document it is",
        ))
    })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = body["name"].as_str().map(str::to_owned).or(stem).unwrap_or_default();
    Ok(Document {
        kind,
        name,
        body,
        file: path.to_owned(),
    })
}

/// The kind of a document outside Data Factory's folders.
fn guess(body: &Value) -> Option<usize> {
    let properties = body.get("properties")?;
    let declared = body["type"].as_str().and_then(|t| t.rsplit('/').next());
    if let Some(declared) = declared {
        return KINDS
            .iter()
            .position(|(kind, name)| kind.eq_ignore_ascii_case(declared) || name.eq_ignore_ascii_case(declared));
    }
    if properties.get("activities").is_some() {
        Some(3)
    } else if properties.get("linkedServiceName").is_some() {
        Some(2)
    } else if properties["type"] == "SelfHosted" {
        Some(0)
    } else {
        properties.get("typeProperties").map(|_| 1)
    }
}

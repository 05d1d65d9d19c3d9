//! One file to documents.

use crate::arm::{self, Scope, Values};
use crate::document::{Document, Origin};
use crate::text::{self, Path};
use crate::{Contract, Kind};
use serde_json::Value;
use sluice_contract::document::{member, text as text_of};
use sluice_contract::{Code, Fault, Object};

/// What a file holds.
#[derive(Debug, Default)]
pub struct Read {
    /// Its documents.
    pub documents: Vec<Document>,
    /// What in it is no document.
    pub skipped: Vec<Skipped>,
}

/// Something that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file, and the place in it where that is not all of it.
    pub what: String,
    /// Why, in words.
    pub why: String,
}

/// Reads a file: a document, an array of documents, or a template. The folder that the file lies in says what kind of
/// document it is, and failing that its content; its name is the document's where that has none.
///
/// # Errors
/// [`Code::BadJson`], [`Code::FileUnreadable`], [`Code::DocumentUnclear`], [`Code::SecretInArguments`]; all with the file's name,
/// and the place where there is one.
pub fn read(file: &str, bytes: &[u8], values: &Values) -> Result<Read, Fault> {
    let parsed = text::parse(bytes).map_err(|fault| fault.context(file))?;
    let origin = Origin::new(file, &parsed.text);
    let mut read = Read::default();
    match &parsed.value {
        Value::Object(object) if is_template(object) => template(object, values, &origin, &mut read),
        Value::Object(object) => document(object, values, &origin, &mut read),
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some_and(has_properties)) => {
            for (i, item) in items.iter().enumerate() {
                if let Some(item) = item.as_object() {
                    document(item, values, &origin.below(&Path::default().index(i)), &mut read)?;
                }
            }
            Ok(())
        }
        _ => {
            read.skip(file, "it is no JSON object");
            Ok(())
        }
    }
    .map_err(|fault| fault.context(file))?;
    Ok(read)
}

impl Read {
    fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push(Skipped {
            what: what.to_owned(),
            why: why.to_owned(),
        });
    }
}

fn has_properties(object: &Object) -> bool {
    member(object, "properties").is_some_and(Value::is_object)
}

fn is_template(object: &Object) -> bool {
    let schema = text_of(object, "$schema").unwrap_or_default().to_ascii_lowercase();
    let resources = member(object, "resources").is_some_and(|value| value.is_array() || value.is_object());
    resources && (schema.contains("deploymenttemplate") || !has_properties(object))
}

fn template(object: &Object, values: &Values, origin: &Origin, read: &mut Read) -> Result<(), Fault> {
    let (resources, others) = arm::resources(object, values)?;
    for (path, why) in others {
        read.skip(&format!("{}, {}", origin.file(), origin.place(&path)), &why);
    }
    for resource in resources {
        let (contract, rest) = match resource.kind.split_once('/') {
            Some(("datafactories", rest)) => (Contract::V1, rest),
            Some((_, rest)) => (Contract::V2, rest),
            None => (Contract::V2, ""),
        };
        let kind = match rest {
            "" if resource.kind == "factories" => Some(Kind::Factory),
            rest => Kind::of_folder(rest),
        };
        let origin = origin.below(&resource.path);
        let Some(kind) = kind else {
            let why = format!("{} are not kept here", resource.kind);
            read.skip(&format!("{}, {}", origin.file(), origin.place(&Path::default())), &why);
            continue;
        };
        let body = Value::Object(resource.body);
        // A factory without global parameters has nothing to say.
        if kind == Kind::Factory && body.pointer("/properties/globalParameters").is_none() {
            continue;
        }
        read.documents.push(Document {
            kind,
            contract: if contract == Contract::V1 {
                contract
            } else {
                contract_of(kind, &body)
            },
            name: resource.name,
            body,
            origin,
            open: resource.open,
        });
    }
    Ok(())
}

fn document(object: &Object, values: &Values, origin: &Origin, read: &mut Read) -> Result<(), Fault> {
    let Some(properties) = member(object, "properties").and_then(Value::as_object) else {
        let parameters = text_of(object, "$schema").is_some_and(|schema| schema.contains("deploymentParameters"));
        let why = match parameters {
            true => "it holds parameters of a template: name it with --parameters",
            false => "it has no object `properties`: it is no document",
        };
        read.skip(origin.file(), why);
        return Ok(());
    };
    let (folder, stem) = folder_and_stem(origin.file());
    let declared = text_of(object, "type").and_then(|kind| kind.rsplit('/').next());
    let kind = Kind::of_folder(folder)
        .or_else(|| declared.and_then(Kind::of_folder))
        .or_else(|| Kind::of_content(properties))
        .ok_or_else(|| {
            let cause = "neither the file's folder nor its content says what kind of document it is";
            Fault::new(
                Code::DocumentUnclear,
                format!("{}: {cause}", origin.place(&Path::default())),
            )
        })?;
    let whole = Value::Object(object.clone());
    let mut open = Vec::new();
    let body = match arm::is_cut_out(&whole) {
        true => arm::deep(&whole, &Scope::bare(values), &Path::default(), &mut open),
        false => whole,
    };
    let name = body.as_object().and_then(|body| text_of(body, "name")).unwrap_or(stem);
    let name = match open
        .iter()
        .any(|(path, _)| path.to_string().eq_ignore_ascii_case("name"))
    {
        true => name,
        false => name.rsplit('/').next().unwrap_or(name),
    };
    read.documents.push(Document {
        kind,
        contract: contract_of(kind, &body),
        name: name.to_owned(),
        body,
        origin: origin.clone(),
        open,
    });
    Ok(())
}

/// The last folder of a file's path, and the file's name without its ending.
fn folder_and_stem(file: &str) -> (&str, &str) {
    let mut parts = file.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    (parts.next().unwrap_or_default(), stem)
}

/// Whose words a document uses. Where both versions write the same, it is the newer one.
fn contract_of(kind: Kind, body: &Value) -> Contract {
    let empty = Object::new();
    let object = body.as_object().unwrap_or(&empty);
    let Some(properties) = member(object, "properties").and_then(Value::as_object) else {
        return Contract::V2;
    };
    let schema = text_of(object, "$schema").unwrap_or_default();
    let has = |names: &[&str]| names.iter().any(|name| member(properties, name).is_some());
    let inner = member(properties, "typeProperties").and_then(Value::as_object);
    let kind_of = text_of(properties, "type").unwrap_or_default();
    let old = schema.contains("datafactories.schema.management")
        || match kind {
            Kind::LinkedService => {
                let gateway = inner.is_some_and(|inner| member(inner, "gatewayName").is_some());
                gateway
                    || has(&["gatewayName", "hubName"])
                    || kind_of.starts_with("OnPremises")
                    || kind_of.ends_with("LinkedService")
            }
            Kind::Dataset => {
                has(&["availability", "external", "location"])
                    || member(properties, "linkedServiceName").is_some_and(Value::is_string)
            }
            Kind::Pipeline => {
                has(&["start", "end", "isPaused", "pipelineMode"]) || activities(properties).any(is_old_activity)
            }
            _ => false,
        };
    if old { Contract::V1 } else { Contract::V2 }
}

fn activities(properties: &Object) -> impl Iterator<Item = &Object> {
    let list = member(properties, "activities").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// Datasets by their plain names, or the settings of 2014.
fn is_old_activity(activity: &Object) -> bool {
    let ends = ["inputs", "outputs"]
        .iter()
        .filter_map(|end| member(activity, end)?.as_array());
    let plain = |item: &Value| {
        let item = item.as_object();
        item.is_some_and(|item| member(item, "name").is_some() && member(item, "referenceName").is_none())
    };
    ends.flatten().any(plain)
        || member(activity, "transformation").is_some()
        || member(activity, "scheduler").is_some()
        || member(activity, "linkedServiceName").is_some_and(Value::is_string)
}

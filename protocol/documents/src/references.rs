//! What a document refers to.

use crate::text::Path;
use crate::{Document, Kind};
use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{is_expression, member, text};

/// A reference to another document.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The kind of the other one; none when the reference's `type` is of no kind that is kept here.
    pub kind: Option<Kind>,
    /// The reference's `type`.
    pub said: String,
    /// The other one's name; none when it is computed at run time.
    pub name: Option<String>,
    /// Where the reference stands.
    pub path: Path,
    /// The parameters that are given with it.
    pub parameters: Vec<String>,
}

/// Every reference `{"referenceName": "..", "type": "..Reference"}` of a document.
pub fn references(document: &Document) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(&document.body, &Path::default(), "", &mut found);
    found
}

fn walk(value: &Value, path: &Path, key: &str, found: &mut Vec<Reference>) {
    match value {
        Value::Object(object) => {
            if let Some(name) = member(object, "referenceName") {
                found.push(reference(object, name, path, key));
            }
            for (key, value) in object {
                walk(value, &path.name(key), key, found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                walk(item, &path.index(i), key, found);
            }
        }
        _ => {}
    }
}

fn reference(object: &Object, name: &Value, path: &Path, key: &str) -> Reference {
    let said = text(object, "type").unwrap_or_default();
    // Without a type the member's name says it: azure-mgmt-datafactory 10.0.0 drops types.
    let kind = match said {
        "" => match key.to_ascii_lowercase().as_str() {
            "linkedservicename" | "store" => Some(Kind::LinkedService),
            "inputs" | "outputs" | "dataset" => Some(Kind::Dataset),
            "pipeline" | "pipelinereference" => Some(Kind::Pipeline),
            "connectvia" => Some(Kind::IntegrationRuntime),
            _ => None,
        },
        said => Kind::of_reference(said),
    };
    let parameters = member(object, "parameters").and_then(Value::as_object);
    Reference {
        kind,
        said: said.to_owned(),
        name: name.as_str().filter(|_| !is_expression(name)).map(str::to_owned),
        path: path.clone(),
        parameters: parameters.into_iter().flat_map(|all| all.keys().cloned()).collect(),
    }
}

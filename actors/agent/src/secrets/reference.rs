//! What stands in a linked service in place of a secret.

use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use std::path::PathBuf;

/// A secret that is somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The property it stands for.
    pub(super) path: String,
    pub(super) what: What,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `AzureKeyVaultSecret`
    Azure {
        store: String,
        name: String,
        version: Option<String>,
    },
    /// `HashiCorpVaultSecret`
    HashiCorp {
        store: String,
        path: String,
        key: String,
        version: Option<u64>,
    },
    /// `FileSecret`
    File { path: PathBuf },
    /// `EnvironmentSecret`
    Environment { name: String },
}

/// All references in a linked service's properties.
///
/// # Errors
/// `SL6013` for one that lacks something.
pub(crate) fn references(properties: &Object) -> Result<Vec<Reference>, Fault> {
    let mut found = Vec::new();
    for (name, value) in properties {
        collect(name, value, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &str, value: &Value, found: &mut Vec<Reference>) -> Result<(), Fault> {
    match value {
        Value::Object(object) => {
            if let Some(what) = read(path, object)? {
                found.push(Reference {
                    path: path.to_owned(),
                    what,
                });
                return Ok(());
            }
            for (name, inner) in object {
                collect(&format!("{path}.{name}"), inner, found)?;
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(&format!("{path}[{i}]"), item, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn read(path: &str, object: &Object) -> Result<Option<What>, Fault> {
    let Some(kind) = text(object, "type") else {
        return Ok(None);
    };
    let lacks = |name: &str| Fault::new(Code::PropertyMissing, format!("`{path}`: the {kind} has no `{name}`"));
    let needed = |name: &str| {
        text(object, name)
            .map(str::to_owned)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| lacks(name))
    };
    let store = || {
        let reference = member(object, "store").and_then(Value::as_object);
        let name = reference.and_then(|store| text(store, "referenceName"));
        name.map(str::to_owned).ok_or_else(|| lacks("store.referenceName"))
    };
    Ok(match kind.to_ascii_lowercase().as_str() {
        "azurekeyvaultsecret" => Some(What::Azure {
            store: store()?,
            name: needed("secretName")?,
            version: text(object, "secretVersion")
                .map(str::to_owned)
                .filter(|version| !version.is_empty()),
        }),
        "hashicorpvaultsecret" => Some(What::HashiCorp {
            store: store()?,
            path: needed("path")?,
            key: needed("key")?,
            version: member(object, "version").and_then(Value::as_u64),
        }),
        "filesecret" => Some(What::File {
            path: needed("path")?.into(),
        }),
        "environmentsecret" => Some(What::Environment { name: needed("name")? }),
        _ => None,
    })
}

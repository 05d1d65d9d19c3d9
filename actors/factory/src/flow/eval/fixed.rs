//! The expressions of a dataset or a linked service: they see nothing but its parameters.

use super::{invalid, random};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sluice_contract::{Fault, Object};
use sluice_expression::{Root, Scope, evaluate_deep};
use std::borrow::Cow;

/// What `dataset()` or `linkedService()` is.
#[derive(Clone, Debug)]
pub(crate) enum Parameters {
    Dataset(Value),
    LinkedService(Value),
}

impl Scope for Parameters {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        match (root, self) {
            (Root::Dataset, Self::Dataset(parameters)) | (Root::LinkedService, Self::LinkedService(parameters)) => {
                Ok(Cow::Borrowed(parameters))
            }
            (_, Self::Dataset(_)) => Err("a dataset can refer to nothing but dataset(), its own parameters".to_owned()),
            (_, Self::LinkedService(_)) => {
                Err("a linked service can refer to nothing but linkedService(), its own parameters".to_owned())
            }
        }
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn random(&self) -> u64 {
        random()
    }
}

/// An object with values in place of expressions. `about` says in messages whose it is.
///
/// # Errors
/// `SL4017` with the place.
pub(crate) fn evaluate_object(about: &str, object: &Object, scope: &dyn Scope) -> Result<Object, Fault> {
    let mut made = Object::new();
    for (name, value) in object {
        let value = evaluate_deep(value, scope, &|_| false).map_err(|(place, error)| {
            let place = match place.as_str() {
                "" => name.clone(),
                inner if inner.starts_with('[') => format!("{name}{inner}"),
                inner => format!("{name}.{inner}"),
            };
            invalid(about, (place, error))
        })?;
        made.insert(name.clone(), value);
    }
    Ok(made)
}

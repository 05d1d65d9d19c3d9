//! The values of a template's parameters.

use crate::text::parse;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;
use std::fmt;

/// A value that was given for a parameter.
#[derive(Clone)]
pub(super) enum Given {
    /// As it was typed; the declared type says what it means.
    Text(String),
    /// From a file of parameters.
    Json(Value),
}

/// Values of parameters by name, and the names that stand in Azure's place. Its `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Values {
    given: BTreeMap<String, Given>,
    /// Names of those that were typed as arguments, where secrets must not stand.
    arguments: Vec<String>,
    factory: String,
    subscription: String,
    group: String,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl Values {
    /// With the names of the data factory that documents are for.
    pub fn of(subscription: &str, group: &str, factory: &str) -> Self {
        Self {
            factory: factory.to_owned(),
            subscription: subscription.to_owned(),
            group: group.to_owned(),
            ..Self::default()
        }
    }

    /// Sets one that was typed as an argument.
    pub fn set_argument(&mut self, name: &str, text: &str) {
        self.arguments.push(name.to_lowercase());
        self.given.insert(name.to_lowercase(), Given::Text(text.to_owned()));
    }

    /// Sets one that came from a file or from standard input.
    pub fn set(&mut self, name: &str, text: &str) {
        self.arguments.retain(|other| *other != name.to_lowercase());
        self.given.insert(name.to_lowercase(), Given::Text(text.to_owned()));
    }

    /// Takes a file of parameters: Resource Manager's `{"parameters": {"name": {"value": ..}}}`, or just `{"name": ..}`.
    ///
    /// # Errors
    /// [`Code::BadJson`] with the place; [`Code::TemplateInvalid`] for a reference to a key vault.
    pub fn take_file(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let parsed = parse(bytes)?;
        let whole = parsed.value.as_object().ok_or_else(|| {
            let cause = "a file of parameters is a JSON object";
            Fault::new(Code::TemplateInvalid, cause)
        })?;
        let wrapped = member(whole, "parameters").and_then(Value::as_object);
        for (name, value) in wrapped.unwrap_or(whole) {
            let inner = value.as_object().filter(|_| wrapped.is_some());
            if inner.is_some_and(|inner| member(inner, "reference").is_some()) {
                return Err(Fault::new(
                    Code::TemplateInvalid,
                    format!("the parameter `{name}` refers to a key vault of Azure, which is not asked"),
                ));
            }
            let value = inner.and_then(|inner| member(inner, "value")).unwrap_or(value);
            self.given.insert(name.to_lowercase(), Given::Json(value.clone()));
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Given> {
        self.given.get(&name.to_lowercase())
    }

    /// The same names, and other values: for a template within a template.
    pub(super) fn with(&self, values: &Object) -> Self {
        let given = values.iter().map(|(name, value)| {
            let value = value
                .as_object()
                .and_then(|value| member(value, "value"))
                .unwrap_or(value);
            (name.to_lowercase(), Given::Json(value.clone()))
        });
        Self {
            given: given.collect(),
            arguments: Vec::new(),
            ..self.clone()
        }
    }

    pub(super) fn factory(&self) -> &str {
        &self.factory
    }

    pub(super) fn place(&self) -> (&str, &str) {
        (&self.subscription, &self.group)
    }

    /// Checks that no secret stands among the arguments, where every user of the machine can read it.
    ///
    /// # Errors
    /// [`Code::SecretInArguments`] naming the parameter.
    pub(super) fn check_secrets(&self, declared: &Object) -> Result<(), Fault> {
        let secret = |declared: &Value| {
            let kind = declared.as_object().and_then(|declared| text(declared, "type"));
            kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("secure"))
        };
        let mut secrets = declared.iter().filter(|(_, declared)| secret(declared));
        match secrets.find(|(name, _)| self.arguments.contains(&name.to_lowercase())) {
            None => Ok(()),
            Some((name, _)) => Err(Fault::new(
                Code::SecretInArguments,
                format!("the parameter `{name}` is a secret, and was given with --set"),
            )),
        }
    }
}

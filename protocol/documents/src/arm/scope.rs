//! What the expressions of one template may refer to.

use super::evaluate::whole;
use super::values::{Given, Values};
use serde_json::{Value, json};
use sluice_contract::Object;
use sluice_contract::document::{member, text};

/// Declared parameters and variables, and the values that were given.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) parameters: Option<&'a Object>,
    pub(crate) variables: Option<&'a Object>,
    pub(crate) values: &'a Values,
}

impl<'a> Scope<'a> {
    /// Of a document that was cut out of a template: nothing is declared.
    pub(crate) fn bare(values: &'a Values) -> Self {
        Self {
            parameters: None,
            variables: None,
            values,
        }
    }

    pub(super) fn parameter(&self, name: &str, depth: usize) -> Result<Value, String> {
        let declared = self
            .parameters
            .and_then(|all| member(all, name))
            .and_then(Value::as_object);
        let kind = declared.and_then(|declared| text(declared, "type")).unwrap_or_default();
        match self.values.get(name) {
            Some(Given::Text(text)) => return typed(name, kind, text),
            Some(Given::Json(value)) => return Ok(value.clone()),
            None => {}
        }
        let default = declared.and_then(|declared| member(declared, "defaultValue"));
        match default {
            Some(value) if !value.is_null() => whole(value, self, depth + 1),
            _ if name.eq_ignore_ascii_case("factoryName") || name.eq_ignore_ascii_case("dataFactoryName") => {
                Ok(Value::String(self.values.factory().to_owned()))
            }
            _ => Err(format!("the template's parameter `{name}` has no value")),
        }
    }

    pub(super) fn variable(&self, name: &str, depth: usize) -> Result<Value, String> {
        let found = self.variables.and_then(|all| member(all, name));
        let value = found.ok_or_else(|| format!("the template has no variable `{name}`"))?;
        whole(value, self, depth + 1)
    }

    /// What `resourceGroup()` and its like give; Sluice's own names take the place of Azure's.
    pub(super) fn surroundings(&self, what: &str) -> Value {
        let (subscription, group) = self.values.place();
        let id = format!("/subscriptions/{subscription}");
        match what {
            "subscription" => json!({ "id": id, "subscriptionId": subscription, "tenantId": subscription }),
            _ => json!({ "id": format!("{id}/resourceGroups/{group}"), "name": group, "location": "onprem" }),
        }
    }
}

fn typed(name: &str, kind: &str, text: &str) -> Result<Value, String> {
    let is = |kinds: &[&str]| kinds.iter().any(|other| kind.eq_ignore_ascii_case(other));
    if is(&["int", "bool", "object", "array", "secureObject"]) {
        let value: Result<Value, _> = serde_json::from_str(text.trim());
        let fits = |value: &Value| match value {
            Value::Number(number) => is(&["int"]) && number.is_i64(),
            Value::Bool(_) => is(&["bool"]),
            Value::Object(_) => is(&["object", "secureObject"]),
            Value::Array(_) => is(&["array"]),
            _ => false,
        };
        // The value is not repeated: it may be a secret.
        return value
            .ok()
            .filter(fits)
            .ok_or_else(|| format!("the value of the parameter `{name}` is not of type {kind}"));
    }
    Ok(Value::String(text.to_owned()))
}

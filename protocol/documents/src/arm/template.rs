//! The resources of a template that are documents of a data factory.

use super::evaluate::{deep, text_value};
use super::scope::Scope;
use super::values::Values;
use crate::text::Path;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};

/// How deep deployments may stand within each other.
const DEPTH: usize = 5;

/// A resource whose texts are computed.
pub(crate) struct Resource {
    /// The type behind the provider, such as `factories/datasets`; in lower case.
    pub(crate) kind: String,
    /// The last part of its name.
    pub(crate) name: String,
    pub(crate) body: Object,
    pub(crate) path: Path,
    pub(crate) open: Vec<(Path, String)>,
}

/// What stands in a template besides.
pub(crate) type Other = (Path, String);

/// Computes a template's resources.
///
/// # Errors
/// [`sluice_contract::Code::SecretInArguments`].
pub(crate) fn resources(template: &Object, values: &Values) -> Result<(Vec<Resource>, Vec<Other>), Fault> {
    let mut found = Found::default();
    found.template(template, values, &Path::default(), 0)?;
    Ok((found.resources, found.others))
}

#[derive(Default)]
struct Found {
    resources: Vec<Resource>,
    others: Vec<Other>,
}

impl Found {
    fn template(&mut self, template: &Object, values: &Values, path: &Path, depth: usize) -> Result<(), Fault> {
        let part = |name: &str| member(template, name).and_then(Value::as_object);
        if let Some(declared) = part("parameters") {
            values.check_secrets(declared)?;
        }
        let scope = Scope {
            parameters: part("parameters"),
            variables: part("variables"),
            values,
        };
        let resources = member(template, "resources");
        let path = path.name("resources");
        match resources {
            Some(Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.resource(item, "", &scope, &path.index(i), depth)?;
                }
            }
            // The newer form, by symbolic names.
            Some(Value::Object(items)) => {
                for (name, item) in items {
                    self.resource(item, "", &scope, &path.name(name), depth)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn resource(
        &mut self,
        item: &Value,
        parent: &str,
        scope: &Scope<'_>,
        path: &Path,
        depth: usize,
    ) -> Result<(), Fault> {
        let Some(item) = item.as_object() else { return Ok(()) };
        let said = text(item, "type").unwrap_or_default();
        let lower = said.to_ascii_lowercase();
        let kind = match lower.strip_prefix("microsoft.datafactory/") {
            Some(kind) => kind.to_owned(),
            None if !parent.is_empty() && !lower.contains('/') => format!("{parent}/{lower}"),
            None if lower == "microsoft.resources/deployments" => return self.deployment(item, scope, path, depth),
            None => {
                self.others.push((
                    path.clone(),
                    format!("a resource of type {said:?} is no document of a data factory"),
                ));
                return Ok(());
            }
        };
        if member(item, "copy").is_some() {
            let cause = "a resource with a `copy` loop is not computed".to_owned();
            self.others.push((path.clone(), cause));
            return Ok(());
        }
        if let Some(condition) = member(item, "condition") {
            let mut open = Vec::new();
            if deep(condition, scope, path, &mut open) == Value::Bool(false) {
                self.others.push((path.clone(), "its condition is false".to_owned()));
                return Ok(());
            }
        }
        let mut open = Vec::new();
        let name = name(text(item, "name").unwrap_or_default(), scope, &mut open);
        let mut body = Object::new();
        for (key, value) in item {
            // What belongs to the template, and not to the document.
            const OUTER: &[&str] = &[
                "type",
                "apiVersion",
                "dependsOn",
                "condition",
                "resources",
                "name",
                "comments",
                "scope",
            ];
            if !OUTER.iter().any(|outer| key.eq_ignore_ascii_case(outer)) {
                body.insert(key.clone(), deep(value, scope, &Path::of(&[key]), &mut open));
            }
        }
        body.insert("name".to_owned(), Value::String(name.clone()));
        self.resources.push(Resource {
            kind: kind.clone(),
            name,
            body,
            path: path.clone(),
            open,
        });
        if let Some(Value::Array(children)) = member(item, "resources") {
            for (i, child) in children.iter().enumerate() {
                self.resource(child, &kind, scope, &path.name("resources").index(i), depth)?;
            }
        }
        Ok(())
    }

    /// A template within a template.
    fn deployment(&mut self, item: &Object, scope: &Scope<'_>, path: &Path, depth: usize) -> Result<(), Fault> {
        let properties = member(item, "properties").and_then(Value::as_object);
        let template = properties
            .and_then(|all| member(all, "template"))
            .and_then(Value::as_object);
        let (Some(properties), Some(template), true) = (properties, template, depth < DEPTH) else {
            let cause = "a template behind a link is not fetched: name its file as well".to_owned();
            self.others.push((path.clone(), cause));
            return Ok(());
        };
        let inner = member(properties, "expressionEvaluationOptions")
            .and_then(|options| options.as_object())
            .and_then(|options| text(options, "scope"))
            .is_some_and(|scope| scope.eq_ignore_ascii_case("inner"));
        let below = path.name("properties").name("template");
        if inner {
            let mut open = Vec::new();
            let given = member(properties, "parameters").map(|given| deep(given, scope, path, &mut open));
            let given = given.and_then(|given| given.as_object().cloned()).unwrap_or_default();
            return self.template(template, &scope.values.with(&given), &below, depth + 1);
        }
        let Some(Value::Array(items)) = member(template, "resources") else {
            return Ok(());
        };
        for (i, item) in items.iter().enumerate() {
            self.resource(item, "", scope, &below.name("resources").index(i), depth + 1)?;
        }
        Ok(())
    }
}

/// The last part of `factory/name`.
fn name(text: &str, scope: &Scope<'_>, open: &mut Vec<(Path, String)>) -> String {
    let computed = text_value(text, scope, 0).unwrap_or_else(|cause| {
        open.push((Path::of(&["name"]), cause));
        Value::String(text.to_owned())
    });
    let computed = computed.as_str().unwrap_or_default();
    match open.is_empty() {
        true => computed.rsplit('/').next().unwrap_or_default().to_owned(),
        false => computed.to_owned(),
    }
}

//! `sluice expression`.

use super::args::ExpressionArgs;
use super::output::{Output, table};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};
use sluice_expression::{Root, Scope, Template, described};
use std::borrow::Cow;

pub(super) fn run(args: &ExpressionArgs, output: &Output) -> Result<(), Fault> {
    let Some(text) = &args.text else {
        return list(output);
    };
    let world = World::read(args)?;
    let template = Template::parse(text);
    let value = template.and_then(|template| template.evaluate(&world));
    let value = value.map_err(|error| Fault::new(Code::ExpressionInvalid, error.to_string()))?;
    output.print(&value, |value| match value {
        Value::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    });
    Ok(())
}

fn list(output: &Output) -> Result<(), Fault> {
    let functions: Vec<_> = described().collect();
    let value: Value = functions
        .iter()
        .map(|function| json!({ "group": function.group, "name": function.name, "form": function.form, "about": function.about }))
        .collect();
    let rows: Vec<_> = functions
        .iter()
        .map(|function| {
            vec![
                function.group.to_owned(),
                function.form.to_owned(),
                function.about.to_owned(),
            ]
        })
        .collect();
    output.print(&value, |_| table(&["GROUP", "FUNCTION", "GIVES"], &rows));
    Ok(())
}

/// What the text may refer to.
struct World {
    context: Object,
    now: DateTime<Utc>,
}

impl World {
    fn read(args: &ExpressionArgs) -> Result<Self, Fault> {
        let wrong = |what: &str, why: String| Fault::new(Code::Usage, format!("{what}: {why}"));
        let mut context = match &args.context {
            None => Object::new(),
            Some(file) => {
                let name = file.display().to_string();
                let text = std::fs::read_to_string(file).map_err(|error| wrong(&name, error.to_string()))?;
                serde_json::from_str(&text).map_err(|error| wrong(&name, error.to_string()))?
            }
        };
        if let Some(parameters) = &args.parameters {
            let parameters: Object =
                serde_json::from_str(parameters).map_err(|error| wrong("--parameters", error.to_string()))?;
            let pipeline = context.entry("pipeline").or_insert_with(|| json!({}));
            match pipeline.as_object_mut() {
                Some(pipeline) => pipeline.insert("parameters".to_owned(), Value::Object(parameters)),
                None => return Err(wrong("the context", "`pipeline` is not an object".to_owned())),
            };
        }
        Ok(Self {
            context,
            now: args.now.unwrap_or_else(Utc::now),
        })
    }

    fn of(&self, group: &str) -> Result<&Value, String> {
        member(&self.context, group).ok_or_else(|| format!("`{group}` is not in the context (--context)"))
    }

    fn named(&self, group: &str, name: &str) -> Result<&Value, String> {
        let group_of = self.of(group)?.as_object();
        let found = group_of.and_then(|group| member(group, name));
        found.ok_or_else(|| format!("`{group}` of the context has no {name:?}"))
    }
}

impl Scope for World {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        let value = match root {
            Root::Pipeline => self.of("pipeline"),
            Root::Activity(name) => self.named("activities", name),
            Root::Variables(name) => self.named("variables", name),
            Root::Item => self.of("item"),
            Root::Dataset => self.of("dataset"),
            Root::LinkedService => self.of("linkedService"),
            Root::Trigger => self.of("trigger"),
            Root::TriggerBody => self.of("trigger").and_then(|trigger| {
                trigger
                    .pointer("/outputs/body")
                    .ok_or_else(|| "the trigger has no body".to_owned())
            }),
        };
        value.map(Cow::Borrowed)
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn random(&self) -> u64 {
        uuid::Uuid::new_v4().as_u64_pair().0
    }
}

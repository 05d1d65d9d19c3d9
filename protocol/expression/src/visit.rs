//! What a text refers to, without computing it.

use crate::Template;
use crate::ast::{Expr, Kind};
use crate::scope::RootKind;
use serde_json::Value;

/// Something a text refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `activity('name')`.
    Activity(String),
    /// `variables('name')`.
    Variable(String),
    /// `pipeline().parameters.name`.
    Parameter(String),
    /// `pipeline().globalParameters.name`.
    GlobalParameter(String),
    /// `dataset().name`.
    DatasetParameter(String),
    /// `linkedService().name`.
    LinkedServiceParameter(String),
    /// `item()`.
    Item,
    /// `trigger()` or `triggerBody()`.
    Trigger,
}

/// The references whose names stand in the text; computed names are known only when they are computed.
pub fn references(template: &Template) -> Vec<Reference> {
    let mut found = Vec::new();
    for expr in template.expressions() {
        visit(expr, &mut found);
    }
    found
}

fn visit(expr: &Expr, found: &mut Vec<Reference>) {
    match &expr.kind {
        Kind::Literal(_) => {}
        Kind::Root(root, name) => {
            if let Some(name) = name {
                visit(name, found);
            }
            let name = name.as_deref().and_then(literal);
            found.extend(match (root, name) {
                (RootKind::Activity, Some(name)) => Some(Reference::Activity(name)),
                (RootKind::Variables, Some(name)) => Some(Reference::Variable(name)),
                (RootKind::Item, _) => Some(Reference::Item),
                (RootKind::Trigger | RootKind::TriggerBody, _) => Some(Reference::Trigger),
                _ => None,
            });
        }
        Kind::Call(_, arguments) => {
            for argument in arguments {
                visit(argument, found);
            }
        }
        Kind::Member { of, name, .. } => {
            found.extend(parameter(of, name));
            visit(of, found);
        }
        Kind::Index { of, index, .. } => {
            if let Some(name) = literal(index) {
                found.extend(parameter(of, &name));
            }
            visit(of, found);
            visit(index, found);
        }
    }
}

/// What `of.name` refers to.
fn parameter(of: &Expr, name: &str) -> Option<Reference> {
    let name = name.to_owned();
    match &of.kind {
        Kind::Root(RootKind::Dataset, _) => Some(Reference::DatasetParameter(name)),
        Kind::Root(RootKind::LinkedService, _) => Some(Reference::LinkedServiceParameter(name)),
        Kind::Member { of, name: group, .. } => of_pipeline(of, group, name),
        Kind::Index { of, index, .. } => of_pipeline(of, &literal(index)?, name),
        _ => None,
    }
}

/// What `pipeline().group.name` refers to.
fn of_pipeline(of: &Expr, group: &str, name: String) -> Option<Reference> {
    if !matches!(of.kind, Kind::Root(RootKind::Pipeline, _)) {
        return None;
    }
    match group.to_ascii_lowercase().as_str() {
        "parameters" => Some(Reference::Parameter(name)),
        "globalparameters" => Some(Reference::GlobalParameter(name)),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Literal(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

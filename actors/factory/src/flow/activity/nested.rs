//! What containers have in common.

use super::Next;
use crate::state::scopes::{ScopeRow, ScopeState};
use crate::state::{json as json_text, stored};
use serde_json::{Value, json};
use sluice_contract::document::Activity;
use sluice_contract::{Fault, Object};

/// The members of `typeProperties` that hold activities.
pub(super) const LISTS: &[&str] = &[
    "activities",
    "ifTrueActivities",
    "ifFalseActivities",
    "cases",
    "defaultActivities",
];

const INNER: &str = "Activity failed because an inner activity failed";

/// Where a list of activities stands below an activity; `None` when it is not there.
pub(super) fn list(path: &str, activity: Activity<'_>, name: &str) -> Option<String> {
    let key = |object: &Object, name: &str| object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    let properties = key(activity.object(), "typeProperties")?;
    let list = key(activity.type_properties(), name)?;
    Some(format!("{path}/{properties}/{list}"))
}

/// An open scope of a container that is in `around`.
pub(super) fn scope(around: &ScopeRow, container: &str, iteration: i64, path: String) -> ScopeRow {
    ScopeRow {
        id: format!("{container}/{iteration}"),
        run: around.run.clone(),
        container: Some(container.to_owned()),
        parent: Some(around.id.clone()),
        iteration,
        path,
        item: None,
        item_scope: around.item_scope.clone(),
        state: ScopeState::Open,
        error: None,
    }
}

/// A container whose only scope has ended is over as well.
pub(super) fn only_one_ended(scope: &ScopeRow) -> Result<Next, Fault> {
    match scope.state {
        ScopeState::Failed => Ok(Next::Failed(because_of(scope)?)),
        _ => Ok(Next::Succeeded(json!({}))),
    }
}

/// The error of a container whose scope failed.
pub(super) fn because_of(scope: &ScopeRow) -> Result<Value, Fault> {
    let error = scope.error.as_deref().map(|text| stored("a scope's error", text));
    Ok(error.transpose()?.unwrap_or_default())
}

/// The error that a failed scope keeps: that of the activity that failed in it, told as the container's. JSON.
///
/// # Errors
/// `SL9002`.
pub(crate) fn inner_failure(name: &str, error: &Value) -> Result<String, Fault> {
    let part = |name: &str| error[name].as_str().unwrap_or_default();
    // What failed in the innermost scope is told, not how often it was passed on.
    let message = match part("message") {
        passed if passed.starts_with(INNER) => passed.to_owned(),
        own => format!("{INNER}; Inner activity name: {name}, Error: {own}"),
    };
    json_text(&json!({
        "errorCode": part("errorCode"),
        "message": message,
        "failureType": part("failureType"),
        "target": name,
        "details": part("details"),
    }))
}

/// The activity's `input`, as clients see it: what it was given, without its inner activities and the items it goes over.
pub(crate) fn input(activity: Activity<'_>) -> Value {
    let shown = activity.type_properties().iter().filter(|(name, _)| {
        let is = |hidden: &&str| hidden.eq_ignore_ascii_case(name);
        let items = activity.kind() == "ForEach" && name.eq_ignore_ascii_case("items");
        !(items || LISTS.iter().any(is))
    });
    Value::Object(shown.map(|(name, value)| (name.clone(), value.clone())).collect())
}

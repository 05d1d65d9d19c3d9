//! IfCondition: one of two branches.

use super::value::{required, truth};
use super::{Beginning, Begun, nested};
use serde_json::json;
use sluice_contract::Fault;

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let holds = truth(activity, "expression", required(activity, "expression")?)?;
    let branch = if holds { "ifTrueActivities" } else { "ifFalseActivities" };
    let Some(path) = nested::list(&beginning.path, activity, branch) else {
        return Ok(Begun::Ended(json!({})));
    };
    Ok(Begun::Nested {
        scopes: vec![nested::scope(beginning.scope, beginning.id, 0, path)],
        due: None,
        memo: json!({}),
    })
}

//! Switch: the branch of a value.

use super::value::{property, required, text_of};
use super::{Beginning, Begun, nested};
use serde_json::{Value, json};
use sluice_contract::Fault;
use sluice_contract::document::text;

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let on = text_of(activity, "on", required(activity, "on")?)?;
    let cases = property(activity, "cases").and_then(Value::as_array);
    let place = cases.into_iter().flatten().position(|case| {
        let value = case.as_object().and_then(|case| text(case, "value"));
        value == Some(on.as_str())
    });
    let path = match place {
        Some(place) => case_path(beginning, place),
        None => nested::list(&beginning.path, activity, "defaultActivities"),
    };
    let Some(path) = path else {
        return Ok(Begun::Ended(json!({})));
    };
    Ok(Begun::Nested {
        scopes: vec![nested::scope(beginning.scope, beginning.id, 0, path)],
        due: None,
        memo: json!({}),
    })
}

/// Where the activities of a case stand.
fn case_path(beginning: &Beginning<'_, '_>, place: usize) -> Option<String> {
    let cases = nested::list(&beginning.path, beginning.activity, "cases")?;
    let case = property(beginning.activity, "cases")?.get(place)?.as_object()?;
    let key = case.keys().find(|key| key.eq_ignore_ascii_case("activities"))?;
    Some(format!("{cases}/{place}/{key}"))
}

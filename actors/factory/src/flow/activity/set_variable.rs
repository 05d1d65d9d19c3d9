//! SetVariable: a variable of the run, or what the pipeline returns.

use super::value::{property, required, text_of};
use super::{Beginning, Begun};
use crate::flow::parameters::typed;
use crate::flow::run::Running;
use crate::state::{Conn, json as json_text, runs, stored, variables};
use serde_json::{Value, json};
use sluice_contract::document::{Activity, member, text};
use sluice_contract::{Code, Fault, Object};

pub(super) async fn begin(conn: &mut Conn, beginning: &mut Beginning<'_, '_>) -> Result<Begun, Fault> {
    let (activity, running) = (beginning.activity, beginning.running);
    let name = text_of(activity, "variableName", required(activity, "variableName")?)?;
    let value = required(activity, "value")?;
    if property(activity, "setSystemVariable") == Some(&Value::Bool(true)) {
        return returned(conn, running, activity, &name, value).await;
    }
    let (name, kind) = declared(running, activity, &name)?;
    let value = typed(kind, value).map_err(|why| {
        let what = format!("activity {}: the variable `{name}` {why}", activity.name());
        Fault::new(Code::ActivityValue, what)
    })?;
    variables::set(conn, &running.run.id, name, &value).await?;
    Ok(Begun::Ended(json!({ "name": name, "value": value })))
}

/// The name and the type that a variable was declared with.
pub(super) fn declared<'a>(
    running: &'a Running,
    activity: Activity<'_>,
    name: &str,
) -> Result<(&'a str, &'a str), Fault> {
    let (name, declaration) = running.variable(name).ok_or_else(|| {
        let what = format!(
            "activity {}: the pipeline declares no variable `{name}`",
            activity.name()
        );
        Fault::new(Code::PipelineInvalid, what)
    })?;
    let kind = declaration.as_object().and_then(|d| text(d, "type"));
    Ok((name, kind.unwrap_or("String")))
}

/// `pipelineReturnValue`: `[{"key": "k", "value": {"type": "String", "content": ..}}, ..]`. Keys add up over a run.
async fn returned(
    conn: &mut Conn,
    running: &Running,
    activity: Activity<'_>,
    name: &str,
    value: &Value,
) -> Result<Begun, Fault> {
    let wrong = |what: &str| Fault::new(Code::ActivityValue, format!("activity {}: {what}", activity.name()));
    if !name.eq_ignore_ascii_case("pipelineReturnValue") {
        return Err(wrong("the only system variable is pipelineReturnValue"));
    }
    // Another activity of this run may have set some since the run was read.
    let before = runs::return_value(conn, &running.run.id).await?;
    let mut all: Object = before.map_or(Ok(Object::new()), |text| stored("a run's return value", &text))?;
    let pairs = value
        .as_array()
        .ok_or_else(|| wrong("`value` is not an array of keys and values"))?;
    for pair in pairs {
        let pair = pair
            .as_object()
            .ok_or_else(|| wrong("`value` is not an array of objects"))?;
        let key = text(pair, "key").ok_or_else(|| wrong("a return value has no `key`"))?;
        let given = member(pair, "value").cloned().unwrap_or_default();
        all.insert(key.to_owned(), content(given));
    }
    runs::set_return_value(conn, &running.run.id, &json_text(&all)?).await?;
    Ok(Begun::Ended(json!({ "name": "pipelineReturnValue", "value": all })))
}

/// What is in `{"type": .., "content": ..}`.
fn content(given: Value) -> Value {
    match &given {
        Value::Object(typed) if member(typed, "type").is_some() => {
            let inner = member(typed, "content").or_else(|| member(typed, "value"));
            inner.cloned().unwrap_or_default()
        }
        _ => given,
    }
}

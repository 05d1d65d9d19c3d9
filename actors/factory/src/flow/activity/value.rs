//! The values that activities work with, and what is said of those that they cannot work with.

use serde_json::Value;
use sluice_contract::document::{Activity, member};
use sluice_contract::{Code, Fault};

/// A member of the activity's `typeProperties`.
pub(super) fn property<'a>(activity: Activity<'a>, name: &str) -> Option<&'a Value> {
    member(activity.type_properties(), name).filter(|value| !value.is_null())
}

/// One that has to be there.
pub(super) fn required<'a>(activity: Activity<'a>, name: &str) -> Result<&'a Value, Fault> {
    // An expression may well give null, to a variable for example.
    member(activity.type_properties(), name).ok_or_else(|| {
        let what = format!("activity {}: it has no typeProperties.{name}", activity.name());
        Fault::new(Code::PipelineInvalid, what)
    })
}

/// A value that is not what the activity can work with.
pub(super) fn wrong(activity: Activity<'_>, name: &str, wanted: &str, given: &Value) -> Fault {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let what = format!(
        "activity {}: `{name}` is {given}, and has to be {wanted}",
        activity.name()
    );
    Fault::new(Code::ActivityValue, what)
}

/// A boolean, or its name.
pub(super) fn truth(activity: Activity<'_>, name: &str, value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(wrong(activity, name, "a boolean", other)),
    }
}

/// A text; numbers and booleans are written out.
pub(super) fn text_of(activity: Activity<'_>, name: &str, value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(wrong(activity, name, "a text", other)),
    }
}

/// An array.
pub(super) fn items<'a>(activity: Activity<'a>, name: &str) -> Result<&'a [Value], Fault> {
    match required(activity, name)? {
        Value::Array(items) => Ok(items),
        other => Err(wrong(activity, name, "an array", other)),
    }
}

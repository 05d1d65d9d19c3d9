//! Parameters of scripts and of stored procedures.

use crate::settings::{property, string, whole};
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use sluice_store_core::statements::{Direction, Parameter};

/// `parameters` of a script: a list.
pub(crate) fn of_script(script: &Object) -> Result<Vec<Parameter>, Fault> {
    let list = match member(script, "parameters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(property("the script's `parameters` are not a list")),
    };
    let one = |(place, item): (usize, &Value)| {
        let item = item
            .as_object()
            .ok_or_else(|| property("one of the script's `parameters` is not an object"))?;
        let direction = match string(item, "direction")?.unwrap_or("Input") {
            word if word.eq_ignore_ascii_case("input") => Direction::Input,
            word if word.eq_ignore_ascii_case("output") => Direction::Output,
            word if word.eq_ignore_ascii_case("inputoutput") => Direction::InputOutput,
            other => {
                return Err(property(format!(
                    "the parameter's direction {other:?} is none of Input, Output, InputOutput"
                )));
            }
        };
        // Without a name it goes by its place.
        let name = string(item, "name")?.map_or_else(|| (place + 1).to_string(), bare);
        Ok(Parameter {
            name,
            kind: kind(item)?,
            value: value(member(item, "value"))?,
            direction,
            size: whole(item, "size")?.and_then(|size| u32::try_from(size).ok()),
        })
    };
    list.iter().enumerate().map(one).collect()
}

/// `storedProcedureParameters`: an object of `{value, type}`, or of the values themselves.
pub(crate) fn of_procedure(settings: &Object) -> Result<Vec<Parameter>, Fault> {
    let members = match member(settings, "storedProcedureParameters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(property("`storedProcedureParameters` is not an object")),
    };
    let one = |(name, given): (&String, &Value)| {
        let (kind, value) = match given {
            Value::Object(parts) if parts.contains_key("value") || parts.contains_key("type") => {
                (kind(parts)?, value(member(parts, "value"))?)
            }
            other => (String::new(), value(Some(other))?),
        };
        Ok(Parameter {
            name: bare(name),
            kind,
            value,
            ..Parameter::default()
        })
    };
    members.iter().map(one).collect()
}

fn bare(name: &str) -> String {
    name.trim().trim_start_matches(['@', ':', '$']).to_owned()
}

fn kind(object: &Object) -> Result<String, Fault> {
    Ok(string(object, "type")?.unwrap_or_default().to_ascii_lowercase())
}

/// What is no single value goes as its JSON text.
fn value(given: Option<&Value>) -> Result<Value, Fault> {
    Ok(match given {
        None => Value::Null,
        Some(Value::Array(_) | Value::Object(_)) => Value::from(given.map(Value::to_string).unwrap_or_default()),
        Some(value) => value.clone(),
    })
}

//! Script: blocks of statements, one behind another in one session.

pub(crate) mod parameters;

use crate::TaskJob;
use crate::log::Log;
use crate::settings::{property, string};
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use sluice_store_core::statements::{Asked, Block, Limits, Ran, not_served};

/// Rows of one result that an output holds.
const MAX_ROWS: usize = 5_000;
/// Bytes of JSON that an output holds.
const MAX_BYTES: usize = 4 << 20;

pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let settings = &job.spec.settings;
    let blocks = blocks(settings)?;
    let statements = job.store()?.statements();
    let statements = statements.ok_or_else(|| not_served("the store runs no scripts"))?;
    let limits = Limits {
        rows: MAX_ROWS,
        bytes: MAX_BYTES,
        stop: false,
    };
    let log = Log::of_script(job)?;
    let ran = statements.run(Asked::Blocks(blocks), limits).await?;
    let place = match log {
        Some(mut log) => {
            for message in &ran.messages {
                log.line(message).await?;
            }
            log.publish().await?
        }
        None => None,
    };
    Ok(output(ran, place))
}

fn blocks(settings: &Object) -> Result<Vec<Block>, Fault> {
    let scripts = member(settings, "scripts").and_then(Value::as_array);
    let scripts = scripts.filter(|scripts| !scripts.is_empty());
    let scripts = scripts.ok_or_else(|| property("the Script has no `scripts`"))?;
    let block = |script: &Value| {
        let script = script
            .as_object()
            .ok_or_else(|| property("one of `scripts` is not an object"))?;
        let text = string(script, "text")?.ok_or_else(|| property("one of `scripts` has no `text`"))?;
        let query = match string(script, "type")?.unwrap_or("Query") {
            kind if kind.eq_ignore_ascii_case("query") => true,
            kind if kind.eq_ignore_ascii_case("nonquery") => false,
            other => {
                return Err(property(format!(
                    "the script's type {other:?} is neither Query nor NonQuery"
                )));
            }
        };
        Ok(Block {
            text: text.to_owned(),
            query,
            parameters: parameters::of_script(script)?,
        })
    };
    scripts.iter().map(block).collect()
}

fn output(ran: Ran, place: Option<String>) -> Object {
    let truncated = ran.sets.iter().any(|set| set.more || set.large);
    let sets: Vec<Value> = ran
        .sets
        .into_iter()
        .map(|set| json!({"rowCount": set.rows.len(), "rows": set.rows}))
        .collect();
    let output = json!({
        "resultSetCount": sets.len(),
        "recordsAffected": ran.affected.unwrap_or(0),
        "resultSets": sets,
        "outputParameters": ran.outputs,
        "outputLogs": ran.messages.join("\n"),
        "outputLogsLocation": place.unwrap_or_default(),
        "outputTruncated": truncated,
    });
    match output {
        Value::Object(output) => output,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_store_core::statements::RowSet;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn blocks_are_read_in_order() {
        let settings = object(json!({"scripts": [
            {"type": "NonQuery", "text": "DELETE FROM t"},
            {"type": "query", "text": "SELECT @a", "parameters": [{"name": "@a", "type": "Int32", "value": 1}]},
        ]}));
        let blocks = blocks(&settings).unwrap();
        assert_eq!((blocks[0].query, blocks[1].query), (false, true));
        assert_eq!(
            (
                blocks[1].parameters[0].name.as_str(),
                blocks[1].parameters[0].kind.as_str()
            ),
            ("a", "int32")
        );
        for wrong in [
            json!({}),
            json!({"scripts": []}),
            json!({"scripts": [{"type": "Query"}]}),
            json!({"scripts": [{"type": "Sql", "text": "x"}]}),
        ] {
            assert!(super::blocks(&object(wrong)).is_err());
        }
    }

    #[test]
    fn the_output_says_when_rows_are_left_out() {
        let set = RowSet {
            rows: vec![object(json!({"a": 1}))],
            more: true,
            large: false,
        };
        let ran = Ran {
            sets: vec![set],
            affected: Some(3),
            ..Ran::default()
        };
        let output = output(ran, None);
        assert_eq!(output["resultSets"], json!([{"rowCount": 1, "rows": [{"a": 1}]}]));
        assert_eq!(
            (&output["recordsAffected"], &output["outputTruncated"]),
            (&json!(3), &json!(true))
        );
    }
}

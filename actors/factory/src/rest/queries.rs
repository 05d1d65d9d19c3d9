//! Queries over runs of pipelines and of activities.

use super::call::Call;
use super::error::ApiError;
use super::{reply, runs as run_replies, trigger_runs};
use crate::app::App;
use crate::flow::waiting;
use crate::state::activities::{self, ActivityRow};
use crate::state::filter::{Columns, Condition, Filter, PAGE, Value as FilterValue};
use crate::state::{attempts, jobs, runs, stored};
use crate::wire::{parse_time, sha256_hex, time_text};
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// An operand of filters and orders: its name, its column, whether it is a time.
pub(super) type Operand = (&'static str, &'static str, bool);

const RUNS: &[Operand] = &[
    ("PipelineName", "pipeline", false),
    ("Status", "status", false),
    ("RunStart", "started", true),
    ("RunEnd", "ended", true),
    ("RunGroupId", "run_group", false),
];

const ACTIVITIES: &[Operand] = &[
    ("ActivityName", "name", false),
    ("ActivityType", "kind", false),
    ("Status", "status", false),
    ("ActivityRunStart", "started", true),
    ("ActivityRunEnd", "ended", true),
];

pub(crate) async fn pipeline_runs(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let filter = read(&call.object()?, RUNS)?;
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let mut rows = runs::query(&mut conn, &factory.id, &filter).await?;
    let token = next_page(&mut rows, &filter);
    let items = rows
        .iter()
        .map(|row| run_replies::render(&factory, row))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(answer(items, token))
}

pub(crate) async fn activity_runs(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let filter = read(&call.object_or_empty()?, ACTIVITIES)?;
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let run = runs::find(&mut conn, &factory.id, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_run(call.name(3)))?;
    let mut rows = activities::query(&mut conn, &run.id, &filter).await?;
    let token = next_page(&mut rows, &filter);
    let progress = progress(app, &mut conn, &run.id).await?;
    let attempts = attempts::of_run(&mut conn, &run.id).await?;
    let waiting = waiting(app, &mut conn, &run.id).await?;
    let items = rows
        .iter()
        .map(|row| {
            let mut item = render(&run.pipeline, row, progress.get(&row.id))?;
            // Members of our own.
            if let Some(why) = waiting.get(&row.id) {
                item["waitingBecause"] = why.as_str().into();
            }
            if let Some(attempts) = attempts.get(&row.id) {
                item["attempts"] = Value::Array(attempts.clone());
            }
            Ok::<_, Fault>(item)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(answer(items, token))
}

/// How far each activity of a run is: what its node said last, or what was stored with its last heartbeat.
pub(crate) async fn progress(
    app: &App,
    conn: &mut crate::state::Conn,
    run: &str,
) -> Result<HashMap<String, CopyProgress>, Fault> {
    let rows = jobs::progress_of_run(conn, run).await?;
    let known = rows.into_iter().filter_map(|(activity, job, text)| {
        let live = app
            .live
            .job(&job)
            .map(|live| live.progress)
            .filter(|p| !p.stage.is_empty());
        live.or_else(|| serde_json::from_str(&text?).ok())
            .map(|progress| (activity, progress))
    });
    Ok(known.collect())
}

/// A page of a query.
pub(super) fn answer(items: Vec<Value>, token: Option<String>) -> Response {
    let mut body = json!({ "value": items });
    if let Some(token) = token {
        body["continuationToken"] = token.into();
    }
    reply::json_reply(body)
}

/// Cuts what is more than a page; where the next one begins.
pub(super) fn next_page<T: Columns>(rows: &mut Vec<T>, filter: &Filter) -> Option<String> {
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    rows.last().filter(|_| more).map(|last| filter.next_page(last))
}

fn render(pipeline: &str, row: &ActivityRow, progress: Option<&CopyProgress>) -> Result<Value, Fault> {
    let output: Option<Value> = row
        .output
        .as_deref()
        .map(|text| stored("an output", text))
        .transpose()?;
    let error: Option<Value> = row.error.as_deref().map(|text| stored("an error", text)).transpose()?;
    let so_far = progress
        .filter(|_| row.ended.is_none())
        .map(|p| progress_output(p, &row.gateway));
    Ok(json!({
        "activityRunId": row.id,
        "activityName": row.name,
        "activityType": row.kind,
        "pipelineRunId": row.run,
        "pipelineName": pipeline,
        "status": row.status,
        "activityRunStart": time_text(row.started),
        "activityRunEnd": row.ended.map(time_text),
        "durationInMs": row.ended.map(|ended| (ended - row.started) / 1000),
        "linkedServiceName": "",
        // What the policy calls secure is there for the pipeline's own expressions, and shown to nobody.
        "input": match row.secure_input {
            true => json!({}),
            false => stored::<Value>("an input", &row.input)?,
        },
        "output": match row.secure_output {
            true => row.ended.map(|_| json!({})),
            false => output.or(so_far),
        },
        "error": error.unwrap_or_else(|| json!({
            "errorCode": "", "message": "", "failureType": "", "target": row.name, "details": "",
        })),
        "retryAttempt": (row.retry > 0).then_some(row.retry),
        "iterationHash": iteration_hash(row),
        "userProperties": stored::<Value>("user properties", &row.properties)?,
    }))
}

/// The same for all activities of an iteration, of a branch or of a case, and another one for every other; empty for the
/// pipeline's own activities.
fn iteration_hash(row: &ActivityRow) -> String {
    if row.scope == row.run {
        return String::new();
    }
    let mut hash = sha256_hex(row.scope.as_bytes());
    hash.truncate(32);
    hash
}

/// The output of a copy that still runs.
fn progress_output(progress: &CopyProgress, gateway: &str) -> Value {
    json!({
        "dataRead": progress.bytes_read,
        "dataWritten": progress.bytes_written,
        "rowsRead": progress.rows_read,
        "rowsCopied": progress.rows_written,
        "errors": [],
        "effectiveIntegrationRuntime": gateway,
        "executionDetails": [{
            "status": "InProgress",
            "profile": { "stage": progress.stage, "partitionsDone": progress.partitions_done, "partitions": progress.partitions },
        }],
    })
}

/// Reads a query.
///
/// # Errors
/// `SL4005`.
pub(super) fn read(body: &Object, operands: &[Operand]) -> Result<Filter, Fault> {
    let time = |name: &str| text(body, name).map(|value| parse_time(name, value)).transpose();
    let mut filter = Filter {
        updated: (time("lastUpdatedAfter")?, time("lastUpdatedBefore")?),
        ..Filter::default()
    };
    for item in list(body, "filters")? {
        filter.conditions.extend(condition(item, operands)?);
    }
    for item in list(body, "orderBy")? {
        let (column, _) = operand(item, "orderBy", operands)?;
        let descending = text(item, "order").is_some_and(|order| order.eq_ignore_ascii_case("DESC"));
        filter.order.push((column, descending));
    }
    if filter.order.is_empty() {
        filter.order.push(("started", false));
    }
    if let Some(token) = text(body, "continuationToken").filter(|token| !token.is_empty())
        && !filter.go_on(token)
    {
        let text = "`continuationToken` is not one of this factory, or of a query with another order";
        return Err(Fault::new(Code::DocumentInvalid, text));
    }
    Ok(filter)
}

fn list<'a>(body: &'a Object, name: &str) -> Result<Vec<&'a Object>, Fault> {
    let wrong = || Fault::new(Code::DocumentInvalid, format!("`{name}` is not an array of objects"));
    match member(body, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_object().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

fn operand(item: &Object, member_name: &str, operands: &[Operand]) -> Result<(&'static str, bool), Fault> {
    let name = text(item, member_name).unwrap_or_default();
    operands
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, column, time)| (*column, *time))
        .ok_or_else(|| {
            let known: Vec<&str> = operands.iter().map(|(known, ..)| *known).collect();
            Fault::new(
                Code::DocumentInvalid,
                format!("`{member_name}` is {name:?}, which is none of {}", known.join(", ")),
            )
        })
}

fn condition(item: &Object, operands: &[Operand]) -> Result<Option<Condition>, Fault> {
    let name = text(item, "operand").unwrap_or_default();
    // Activities are asked for within one pipeline run.
    if name.eq_ignore_ascii_case("PipelineName") && operands == ACTIVITIES {
        return Ok(None);
    }
    // Of a trigger run there is nothing but the latest.
    if name.eq_ignore_ascii_case("LatestOnly") && operands == trigger_runs::OPERANDS {
        return Ok(None);
    }
    if name.eq_ignore_ascii_case("LatestOnly") && operands == RUNS {
        let values = member(item, "values").and_then(Value::as_array);
        let is = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let latest = Condition {
            column: "is_latest",
            negated: false,
            values: vec![FilterValue::Time(1)],
        };
        return Ok(values.is_some_and(|values| values.iter().any(is)).then_some(latest));
    }
    let (column, time) = operand(item, "operand", operands)?;
    let operator = text(item, "operator").unwrap_or_default();
    let negated = match operator {
        o if o.eq_ignore_ascii_case("Equals") || o.eq_ignore_ascii_case("In") => false,
        o if o.eq_ignore_ascii_case("NotEquals") || o.eq_ignore_ascii_case("NotIn") => true,
        other => {
            return Err(Fault::new(
                Code::DocumentInvalid,
                format!("`operator` is {other:?}, which is none of Equals, NotEquals, In, NotIn"),
            ));
        }
    };
    let values = member(item, "values")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let values = values
        .iter()
        .filter_map(Value::as_str)
        .map(|value| match time {
            true => parse_time(name, value).map(FilterValue::Time),
            false => Ok(FilterValue::Text(value.to_owned())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() {
        return Err(Fault::new(
            Code::DocumentInvalid,
            format!("the filter on {name} has no `values`"),
        ));
    }
    Ok(Some(Condition {
        column,
        negated,
        values,
    }))
}

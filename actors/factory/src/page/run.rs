//! The page of one run.

use super::format::{ago, bytes, count, span, state};
use super::{layout, progress};
use crate::app::App;
use crate::flow::as_text;
use crate::flow::waiting;
use crate::rest::ApiError;
use crate::rest::queries;
use crate::state::activities::{self, ActivityRow};
use crate::state::runs::{self, RunRow};
use crate::state::stored;
use crate::wire::{now, time_text};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// How many activities of a run are shown: the last ones.
pub(super) const SHOWN: i64 = 200;

/// `GET /runs/ID`.
pub(super) async fn render(app: &Arc<App>, id: &str) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let Some((run, _)) = runs::with_pipeline(&mut conn, id).await? else {
        return Err(Fault::new(Code::NotFound, "there is no run of that id").into());
    };
    let rows = activities::latest_of_run(&mut conn, &run.id, SHOWN).await?;
    let how_far = queries::progress(app, &mut conn, &run.id).await?;
    let waiting = waiting(app, &mut conn, &run.id).await?;
    let parameters: Object = stored("a run's parameters", &run.parameters)?;
    let body = html! {
        h1 { (run.pipeline) }
        (facts(&run, &parameters))
        @if !run.message.is_empty() { p.error { (run.message) } }
        h2 { "Activities" }
        div.panel { table {
            thead { tr { th { "Activity" } th { "State" } th { "What happened" } th.number { "Duration" } } }
            tbody { @for row in &rows { (activity(row, how_far.get(&row.id), waiting.get(&row.id))) } }
        } }
        p.faint { "On the command line: " code { "sluice run show " (run.id) } }
    };
    Ok(layout::page(&run.pipeline, &app.rest_endpoint, run.ended.is_none(), &body).into_response())
}

fn facts(run: &RunRow, parameters: &Object) -> Markup {
    html! {
        div.panel.pad { dl.facts {
            dt { "State" } dd { (state(&run.status)) }
            dt { "Run" } dd.mono { (run.id) }
            dt { "Started" } dd { (ago(run.started)) }
            dt { "Duration" } dd { (span(run.ended.unwrap_or_else(now) - run.started)) }
            @for (name, value) in parameters {
                dt { (name) } dd { (as_text(value).as_str().unwrap_or_default()) }
            }
        } }
    }
}

/// The id of an activity's row.
pub(super) fn row_id(row: &ActivityRow) -> String {
    format!("activity-{}", row.id)
}

/// An activity's row.
pub(super) fn activity(row: &ActivityRow, how_far: Option<&CopyProgress>, waiting: Option<&String>) -> Markup {
    let parse = |text: &Option<String>| {
        text.as_deref()
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
    };
    let (output, error) = (parse(&row.output), parse(&row.error));
    html! {
        tr id=(row_id(row)) data-state=(row.status) {
            td { (row.name) small { (row.kind) @if !row.gateway.is_empty() { " on " (row.gateway) } } }
            td { (state(&row.status)) @if row.retry > 0 { small { "after " (row.retry) " failed attempts" } } }
            td.wide {
                @if let Some(error) = &error {
                    span.bad { (error["message"].as_str().unwrap_or_default()) }
                    small { (error["details"].as_str().unwrap_or_default()) }
                } @else if let Some(output) = &output {
                    @if row.kind == "Copy" { (copied(output)) } @else if !row.secure_output { (shortly(output)) }
                } @else if let Some(why) = waiting {
                    span.faint { "Waiting because " (why) }
                } @else if let Some(how_far) = how_far {
                    (progress::bar(how_far, 0.0))
                } @else if row.ended.is_none() {
                    @if !row.gateway.is_empty() { span.faint { "Waiting for a node of " (row.gateway) } }
                    @else if let Some(due) = row.due { span.faint { "Until " (time_text(due)) } }
                }
            }
            td.number { (span(row.ended.unwrap_or_else(now) - row.started)) }
        }
    }
}

/// The output of what is no copy. A long one is for the command line.
fn shortly(output: &Value) -> Markup {
    const SHOWN: usize = 160;
    let text = match output {
        Value::Object(empty) if empty.is_empty() => String::new(),
        other => other.to_string(),
    };
    let more = if text.chars().count() > SHOWN { "…" } else { "" };
    html! { span.faint { (text.chars().take(SHOWN).collect::<String>()) (more) } }
}

fn copied(output: &Value) -> Markup {
    let number = |name: &str| output[name].as_u64().unwrap_or_default();
    html! {
        (count(number("rowsCopied"))) " rows copied"
        small {
            (bytes(number("dataRead"))) " read, " (bytes(number("dataWritten"))) " written"
            @if let Some(throughput) = output["throughput"].as_f64() { ", " (bytes((throughput * 1024.0) as u64)) "/s" }
            ", verified"
        }
    }
}

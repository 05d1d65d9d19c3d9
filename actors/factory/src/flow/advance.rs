//! Takes a run as far as it goes: starts what may start, skips what never will, ends the run when all is over.
//!
//! Everything it knows is in the database, so it may be called at any time and any number of times.

use super::graph::{self, Decision, Progress, Step};
use super::plan::{Planned, Work, plan};
use super::{failure, settle};
use crate::state::activities::{self, ActivityRow};
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::runs::{self, RunRow};
use crate::state::{Conn, json, stored};
use crate::wire::{micros, now};
use serde_json::Value;
use sluice_contract::document::{Activity, Pipeline, find_expression};
use sluice_contract::{Code, Fault, JobId};
use std::collections::HashMap;

/// Advances one run. The caller commits.
///
/// # Errors
/// `SL9001`; what is wrong with the pipeline ends the run instead.
pub(crate) async fn advance(conn: &mut Conn, run: &str) -> Result<(), Fault> {
    let Some((run, body)) = runs::with_pipeline(conn, run).await? else {
        return Ok(());
    };
    if run.is_over() {
        return Ok(());
    }
    let body: Value = stored("a run's pipeline", &body)?;
    let (pipeline, steps) = match Pipeline::view(&body).and_then(|p| graph::steps(&p).map(|steps| (p, steps))) {
        Ok(found) => found,
        Err(fault) => {
            let message = format!("{}: {}. {}", fault.code, fault.message, fault.next_step());
            return runs::finish(conn, &run.id, "Failed", &message).await;
        }
    };
    loop {
        let rows = activities::of_run(conn, &run.id).await?;
        let done: HashMap<String, Progress> = rows
            .iter()
            .map(|row| (row.name.to_lowercase(), Progress::of(&row.status)))
            .collect();
        if graph::is_over(&steps, &done) {
            return finish(conn, &run, &steps, &done, &rows).await;
        }
        if run.cancel {
            let idle = done.values().all(|progress| *progress != Progress::Running);
            return if idle { cancelled(conn, &run).await } else { Ok(()) };
        }
        runs::set_status(conn, &run.id, "InProgress").await?;
        let decisions = graph::decide(&steps, &done);
        if decisions.is_empty() {
            return Ok(());
        }
        for (place, decision) in decisions {
            // Steps and activities have the same order.
            let Some(activity) = pipeline.activities().get(place) else {
                continue;
            };
            match decision {
                Decision::Skip => activities::insert(conn, &skipped(&run, place, activity)).await?,
                Decision::Start => start(conn, &run, place, activity).await?,
            }
        }
    }
}

async fn start(conn: &mut Conn, run: &RunRow, place: usize, activity: &Activity<'_>) -> Result<(), Fault> {
    let mut row = ActivityRow {
        input: json(activity.type_properties())?,
        ..fresh(run, place, activity, "Queued")
    };
    let work = Work {
        run,
        activity: *activity,
        activity_run: &row.id,
    };
    let planned = match find_expression(activity.type_properties()) {
        Some(place) => Err(Fault::new(
            Code::ExpressionUnsupported,
            format!("activity {}: `{place}` is an expression", activity.name()),
        )),
        None => plan(conn, &work).await,
    };
    match planned {
        Ok(planned) => {
            row.gateway = planned.gateway.name.clone();
            activities::insert(conn, &row).await?;
            enqueue(conn, run, &row, planned).await
        }
        // The database is at fault, not the pipeline: try again later.
        Err(fault) if fault.code == Code::StateFailed => Err(fault),
        Err(fault) => {
            tracing::info!(run = %run.id, activity = activity.name(), %fault, "An activity cannot run");
            row.status = "Failed".to_owned();
            row.error = Some(json(&failure::error(activity.name(), &fault))?);
            row.ended = Some(now());
            activities::insert(conn, &row).await
        }
    }
}

async fn enqueue(conn: &mut Conn, run: &RunRow, activity: &ActivityRow, planned: Planned) -> Result<(), Fault> {
    let policy = planned.policy;
    let job = JobRow {
        id: JobId::generate().to_string(),
        run: run.id.clone(),
        activity_run: activity.id.clone(),
        gateway: planned.gateway.id,
        attempt: 1,
        token: 0,
        state: JobState::Queued,
        node: None,
        lease_until: None,
        deadline: now().saturating_add(micros(policy.timeout)),
        spec: json(&planned.spec)?,
        progress: None,
        cancel: false,
        retry_max: i64::from(policy.retry),
        retry_interval: micros(policy.retry_interval),
        failures: 0,
        lost: 0,
    };
    jobs::insert(conn, &job).await?;
    match settle::dispatch(conn, &job, 0).await {
        // It will not become smaller by waiting.
        Err(fault) if fault.code == Code::MessageTooLarge => settle::fail_for_good(conn, &job, &fault).await,
        other => other,
    }
}

fn fresh(run: &RunRow, place: usize, activity: &Activity<'_>, status: &str) -> ActivityRow {
    ActivityRow {
        id: uuid::Uuid::now_v7().to_string(),
        run: run.id.clone(),
        position: i64::try_from(place).unwrap_or(i64::MAX),
        name: activity.name().to_owned(),
        kind: activity.kind().to_owned(),
        status: status.to_owned(),
        gateway: String::new(),
        input: "{}".to_owned(),
        output: None,
        error: None,
        retry: 0,
        started: now(),
        ended: None,
        updated: now(),
    }
}

fn skipped(run: &RunRow, place: usize, activity: &Activity<'_>) -> ActivityRow {
    ActivityRow {
        ended: Some(now()),
        ..fresh(run, place, activity, "Skipped")
    }
}

async fn finish(
    conn: &mut Conn,
    run: &RunRow,
    steps: &[Step],
    done: &HashMap<String, Progress>,
    rows: &[ActivityRow],
) -> Result<(), Fault> {
    let failed = graph::failed(steps, done);
    if failed.is_empty() {
        return runs::finish(conn, &run.id, "Succeeded", "").await;
    }
    if run.cancel {
        return cancelled(conn, run).await;
    }
    let mut messages = Vec::new();
    for row in rows
        .iter()
        .filter(|row| failed.contains(&row.name.to_lowercase().as_str()))
    {
        let error: Option<Value> = row.error.as_deref().map(|text| stored("an error", text)).transpose()?;
        let text = error
            .as_ref()
            .and_then(|error| error["message"].as_str())
            .unwrap_or_default();
        messages.push(format!("Operation on target {} failed: {text}", row.name));
    }
    runs::finish(conn, &run.id, "Failed", &messages.join("; ")).await
}

async fn cancelled(conn: &mut Conn, run: &RunRow) -> Result<(), Fault> {
    runs::finish(conn, &run.id, "Cancelled", "The run was cancelled").await
}

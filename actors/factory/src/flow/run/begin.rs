//! Begins an activity: its expressions are evaluated, and its row is written with what came of it.

use super::graph::Progress;
use super::running::Running;
use crate::flow::activity::{Beginning, Begun, begin as begin_by_type, input, is_left};
use crate::flow::eval::World;
use crate::flow::plan::Planned;
use crate::flow::{failure, settle};
use crate::state::activities::{self, ActivityRow};
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::scopes::{self, ScopeRow};
use crate::state::{Conn, json, web_calls};
use crate::wire::{micros, now};
use serde_json::Value;
use sluice_contract::document::Activity;
use sluice_contract::{Code, Fault, JobId};

/// An activity that never will run.
pub(super) async fn skip(
    conn: &mut Conn,
    scope: &ScopeRow,
    place: usize,
    activity: &Activity<'_>,
) -> Result<Progress, Fault> {
    write(conn, over(fresh(scope, place, activity), "Skipped")).await
}

/// Begins one.
///
/// # Errors
/// `SL9001`; what is wrong with the activity makes it fail instead.
pub(super) async fn begin(
    conn: &mut Conn,
    running: &Running,
    scope: &ScopeRow,
    place: usize,
    activity: &Activity<'_>,
    ring: &mut Vec<String>,
) -> Result<Progress, Fault> {
    let mut row = fresh(scope, place, activity);
    if let Some(mark) = activity.inactive() {
        return write(conn, over(row, mark)).await;
    }
    match evaluated(conn, running, scope, place, activity, &mut row, ring).await {
        Ok(begun) => settle_begun(conn, running, row, begun).await,
        // The database is at fault, not the pipeline: try again later.
        Err(fault) if fault.code == Code::StateFailed => Err(fault),
        Err(fault) => {
            tracing::info!(run = %row.run, activity = row.name, %fault, "An activity cannot run");
            row.error = Some(json(&failure::error(&row.name, &fault))?);
            write(conn, over(row, "Failed")).await
        }
    }
}

/// Evaluates its expressions and begins it by its type; fills what its row shows.
async fn evaluated(
    conn: &mut Conn,
    running: &Running,
    scope: &ScopeRow,
    place: usize,
    activity: &Activity<'_>,
    row: &mut ActivityRow,
    ring: &mut Vec<String>,
) -> Result<Begun, Fault> {
    let kind = activity.kind();
    let written = Value::Object(activity.object().clone());
    let about = format!("activity {}", activity.name());
    let mut world = World::new(running, scope);
    let value = world
        .evaluate(conn, &about, &written, &|path| is_left(kind, path))
        .await?;
    let activity = Activity::view(&value)?;
    row.input = json(&input(activity))?;
    row.properties = json(&activity.user_properties())?;
    let policy = activity.policy()?;
    row.secure_input = policy.secure_input;
    row.secure_output = policy.secure_output;
    let mut beginning = Beginning {
        world: &mut world,
        running,
        scope,
        id: &row.id,
        activity,
        path: format!("{}/{place}", scope.path),
        ring,
    };
    begin_by_type(conn, &mut beginning).await
}

/// Writes the row, and what belongs to it.
async fn settle_begun(
    conn: &mut Conn,
    running: &Running,
    mut row: ActivityRow,
    begun: Begun,
) -> Result<Progress, Fault> {
    match begun {
        Begun::Ended(output) => {
            row.output = Some(json(&output)?);
            write(conn, over(row, "Succeeded")).await
        }
        Begun::Failed(error) => {
            row.error = Some(json(&error)?);
            write(conn, over(row, "Failed")).await
        }
        Begun::Waiting { due, memo } => {
            row.due = due;
            row.memo = Some(json(&memo)?);
            write(conn, row).await
        }
        Begun::Nested { scopes, due, memo } => {
            row.due = due;
            row.memo = Some(json(&memo)?);
            let progress = write(conn, row).await?;
            scopes::insert_all(conn, &scopes).await?;
            Ok(progress)
        }
        Begun::Call { call, due, memo } => {
            row.due = due;
            row.memo = Some(json(&memo)?);
            let progress = write(conn, row).await?;
            web_calls::insert(conn, &call).await?;
            Ok(progress)
        }
        Begun::Job(planned) => {
            row.status = "Queued".to_owned();
            row.gateway = planned.gateway.name.clone();
            let id = row.id.clone();
            let progress = write(conn, row).await?;
            enqueue(conn, running, &id, *planned).await?;
            Ok(progress)
        }
    }
}

async fn enqueue(conn: &mut Conn, running: &Running, activity_run: &str, planned: Planned) -> Result<(), Fault> {
    let policy = planned.policy;
    let job = JobRow {
        id: JobId::generate().to_string(),
        run: running.run.id.clone(),
        activity_run: activity_run.to_owned(),
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

fn fresh(scope: &ScopeRow, place: usize, activity: &Activity<'_>) -> ActivityRow {
    ActivityRow {
        id: uuid::Uuid::now_v7().to_string(),
        run: scope.run.clone(),
        scope: scope.id.clone(),
        position: i64::try_from(place).unwrap_or(i64::MAX),
        name: activity.name().to_owned(),
        kind: activity.kind().to_owned(),
        status: "InProgress".to_owned(),
        gateway: String::new(),
        input: "{}".to_owned(),
        output: None,
        error: None,
        retry: 0,
        started: now(),
        ended: None,
        updated: now(),
        due: None,
        memo: None,
        properties: "{}".to_owned(),
        secure_input: false,
        secure_output: false,
    }
}

fn over(row: ActivityRow, status: &str) -> ActivityRow {
    ActivityRow {
        status: status.to_owned(),
        ended: Some(now()),
        ..row
    }
}

async fn write(conn: &mut Conn, row: ActivityRow) -> Result<Progress, Fault> {
    activities::insert(conn, &row).await?;
    Ok(Progress::of(&row.status))
}

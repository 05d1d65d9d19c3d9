//! What the end of a scope, an activity or a run means to what is around it.

use super::advance::Advanced;
use super::running::Running;
use crate::flow::activity::{self, Next, child_ended, inner_failure};
use crate::flow::{failure, trigger};
use crate::state::activities::{self, ActivityRow};
use crate::state::runs::{self, RunRow};
use crate::state::scopes::{self, ScopeRow, ScopeState};
use crate::state::{Conn, json, stored};
use serde_json::Value;
use sluice_contract::{Code, Fault};

/// All activities of a scope are over; `failed` are those that make it fail, in lower case.
pub(super) async fn scope_is_over(
    conn: &mut Conn,
    running: &Running,
    scope: &ScopeRow,
    failed: &[&str],
    advanced: &mut Advanced,
) -> Result<(), Fault> {
    let mut errors = Vec::new();
    if !failed.is_empty() {
        let rows = activities::of_scope(conn, &scope.id).await?.into_iter();
        for row in rows.filter(|row| failed.contains(&row.name.to_lowercase().as_str())) {
            let error = row.error.as_deref().map(|text| stored::<Value>("an error", text));
            errors.push((row.name, error.transpose()?.unwrap_or_default()));
        }
    }
    if scope.container.is_none() {
        let told = errors.iter().map(|(name, error)| {
            let text = error["message"].as_str().unwrap_or_default();
            format!("Operation on target {name} failed: {text}")
        });
        let message = told.collect::<Vec<_>>().join("; ");
        let status = match (failed.is_empty(), running.run.cancel) {
            (true, _) => "Succeeded",
            (false, true) => "Cancelled",
            (false, false) => "Failed",
        };
        return end_run(conn, &running.run, status, &message, advanced).await;
    }
    let error = errors.first().map(|(name, error)| inner_failure(name, error));
    end_scope(conn, running, scope, error.transpose()?).await
}

/// A scope whose list of activities cannot be read, or makes no sense.
pub(super) async fn scope_is_wrong(
    conn: &mut Conn,
    running: &Running,
    scope: &ScopeRow,
    fault: &Fault,
    advanced: &mut Advanced,
) -> Result<(), Fault> {
    let Some(container) = &scope.container else {
        let message = format!("{}: {}. {}", fault.code, fault.message, fault.next_step());
        return end_run(conn, &running.run, "Failed", &message, advanced).await;
    };
    let name = activities::find(conn, container).await?.map(|row| row.name);
    let error = json(&failure::error(&name.unwrap_or_default(), fault))?;
    end_scope(conn, running, scope, Some(error)).await
}

async fn end_scope(conn: &mut Conn, running: &Running, scope: &ScopeRow, error: Option<String>) -> Result<(), Fault> {
    let state = match error {
        None => ScopeState::Succeeded,
        Some(_) => ScopeState::Failed,
    };
    scopes::end(conn, &scope.id, state, error.as_deref()).await?;
    let Some(container) = &scope.container else {
        return Ok(());
    };
    let row = activities::find(conn, container).await?;
    let Some(row) = row.filter(|row| row.ended.is_none()) else {
        return Ok(());
    };
    let scope = ScopeRow {
        state,
        error,
        ..scope.clone()
    };
    match activity::scope_ended(conn, running, &row, &scope).await {
        Ok(next) => apply(conn, &row, next, None).await,
        Err(fault) if fault.code == Code::StateFailed => Err(fault),
        Err(fault) => apply(conn, &row, Next::Failed(failure::error(&row.name, &fault)), None).await,
    }
}

/// Ends an activity as it says. `output` is for one that fails.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn apply(conn: &mut Conn, row: &ActivityRow, next: Next, output: Option<Value>) -> Result<(), Fault> {
    match next {
        Next::GoesOn => Ok(()),
        Next::Succeeded(output) => activities::finish(conn, &row.id, "Succeeded", Some(&json(&output)?), None).await,
        Next::Failed(error) => {
            let output = output.map(|output| json(&output)).transpose()?;
            activities::finish(conn, &row.id, "Failed", output.as_deref(), Some(&json(&error)?)).await
        }
    }
}

/// Ends a run: the activity that waits for it goes on, and the next of its queue.
pub(super) async fn end_run(
    conn: &mut Conn,
    run: &RunRow,
    status: &str,
    message: &str,
    advanced: &mut Advanced,
) -> Result<(), Fault> {
    advanced.over = true;
    scopes::end(conn, &run.id, ScopeState::of_run(status), None).await?;
    runs::finish(conn, &run.id, status, message).await?;
    trigger::run_ended(conn, run, status, message).await?;
    tracing::info!(run = %run.id, pipeline = run.pipeline, status, "A run is over");
    if let Some(parent) = &run.parent
        && let Some(row) = activities::find(conn, parent).await?
        && row.ended.is_none()
    {
        let child = RunRow {
            status: status.to_owned(),
            message: message.to_owned(),
            return_value: runs::return_value(conn, &run.id).await?,
            ..run.clone()
        };
        let (next, output) = child_ended(&row.name, &child)?;
        if status == "Cancelled" && runs::is_cancelled(conn, &row.run).await? {
            // Both are being cancelled, and this one was first.
            activities::finish(conn, &row.id, status, Some(&json(&output)?), None).await?;
        } else {
            apply(conn, &row, next, Some(output)).await?;
        }
        advanced.ring.push(row.run);
    }
    if run.concurrency > 0 {
        advanced.ring.extend(runs::next_in_queue(conn, run).await?);
    }
    Ok(())
}

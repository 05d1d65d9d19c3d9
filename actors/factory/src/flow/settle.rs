//! The transitions of a job. Each writes the job, its activity run and the outbox together; the caller commits.

use super::{failure, output};
use crate::state::activities;
use crate::state::attempts::{self, Ended};
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::{Conn, gateways, json, outbox, outcomes, runs, stored};
use crate::wire::{micros, now};
use serde_json::Value;
use sluice_contract::job::{CopyProgress, JobSpec, Outcome};
use sluice_contract::message::{Cancel, Dispatch};
use sluice_contract::{Code, Envelope, Fault, JobId, Message, Object};
use std::time::Duration;

/// A job whose lease was lost more often than this fails.
const MAX_LOST: i64 = 3;
/// The pause before a job whose lease was lost goes to somebody else.
const NO_PAUSE: i64 = 0;
/// How long a node may take to stop a job it was told to cancel.
const CANCEL_GRACE_S: u32 = 30;

/// Writes the dispatch of a job's current attempt into the outbox.
///
/// # Errors
/// `SL3004` when the job is too large for the channel.
pub(crate) async fn dispatch(conn: &mut Conn, job: &JobRow, not_before: i64) -> Result<(), Fault> {
    let spec: JobSpec = stored("a job", &job.spec)?;
    let message = Message::JobDispatch(Dispatch {
        spec,
        extra: Object::new(),
    });
    let attempt = u32::try_from(job.attempt).unwrap_or(u32::MAX);
    let mut envelope =
        Envelope::new(job.gateway.as_str().into(), &message).job(JobId::from(job.id.as_str()), attempt, None);
    envelope.id = format!("{}:{}", job.id, job.attempt);
    envelope.encode()?;
    outbox::insert(conn, None, &envelope, not_before).await
}

/// A copy is committed, or another job is done.
pub(crate) async fn complete(conn: &mut Conn, job: &JobRow, outcome: &Outcome) -> Result<(), Fault> {
    let gateway = gateway_name(conn, job).await?;
    let mut output = match output::of(conn, job, outcome, &gateway).await {
        Err(fault) if fault.code == Code::MessageInvalid => return fail_for_good(conn, job, &fault).await,
        other => other?,
    };
    attempts::end(conn, job, Ended::Succeeded, None, output::rows(outcome)).await?;
    tell_earlier_failures(conn, job, &mut output).await?;
    end(conn, job, JobState::Completed).await?;
    activities::finish(conn, &job.activity_run, "Succeeded", Some(&json(&output)?), None).await?;
    runs::touch(conn, &job.run).await
}

/// An attempt failed: another one if the activity's policy has one left, else the activity failed.
pub(crate) async fn fail(conn: &mut Conn, job: &JobRow, fault: &Fault, progress: &CopyProgress) -> Result<(), Fault> {
    if job.cancel {
        return cancelled(conn, job, progress).await;
    }
    attempts::end(conn, job, Ended::Failed, Some(fault), progress.rows_written).await?;
    let failures = job.failures + 1;
    if failures <= failures_allowed(job, fault) {
        tracing::info!(job = %job.id, attempt = job.attempt, %fault, "An attempt failed and is repeated");
        let next = JobRow {
            failures,
            ..next_attempt(job, progress, failures)?
        };
        return queue_again(conn, job, &next, now() + job.retry_interval).await;
    }
    fail_with(conn, job, fault, progress).await
}

/// How many attempts may fail before the activity does. A stall before the commit is worth another try even where the
/// policy has none: whatever hung is often gone with its connection.
fn failures_allowed(job: &JobRow, fault: &Fault) -> i64 {
    match fault.code == Code::Stalled && job.state != JobState::Committing {
        true => job.retry_max.max(1),
        false => job.retry_max,
    }
}

/// The activity failed, whatever its policy says.
pub(crate) async fn fail_for_good(conn: &mut Conn, job: &JobRow, fault: &Fault) -> Result<(), Fault> {
    attempts::end(conn, job, Ended::Failed, Some(fault), last_progress(job).rows_written).await?;
    fail_with(conn, job, fault, &last_progress(job)).await
}

/// A node lost its lease, or nobody claimed the job: the next attempt has a larger token, so whatever the old one still
/// says has no effect.
pub(crate) async fn lost(conn: &mut Conn, job: &JobRow) -> Result<(), Fault> {
    if job.cancel {
        return cancelled(conn, job, &last_progress(job)).await;
    }
    let mut next = next_attempt(job, &last_progress(job), job.failures)?;
    attempts::end(conn, job, Ended::Lost, None, last_progress(job).rows_written).await?;
    if job.state.is_held() {
        next.lost += 1;
        let node = job.node.as_deref().unwrap_or_default();
        tracing::warn!(job = %job.id, attempt = job.attempt, node, "A node lost its lease on a job");
        if next.lost > MAX_LOST {
            let what = format!(
                "{} attempts in a row ended with the loss of their node; its activity's `attempts` name them",
                next.lost
            );
            return fail_for_good(conn, job, &Fault::new(Code::JobParked, what)).await;
        }
    }
    queue_again(conn, job, &next, NO_PAUSE).await
}

/// The node has no room after all: somebody else, a little later. It does not count as a failure.
pub(crate) async fn give_back(conn: &mut Conn, job: &JobRow, pause: Duration) -> Result<(), Fault> {
    attempts::end(conn, job, Ended::GivenBack, None, last_progress(job).rows_written).await?;
    let next = next_attempt(job, &last_progress(job), job.failures)?;
    queue_again(conn, job, &next, now() + micros(pause)).await
}

/// A job was stopped on request.
pub(crate) async fn cancelled(conn: &mut Conn, job: &JobRow, progress: &CopyProgress) -> Result<(), Fault> {
    let fault = Fault::new(Code::Cancelled, "the run was cancelled");
    attempts::end(conn, job, Ended::Cancelled, Some(&fault), progress.rows_written).await?;
    let output = failure::output(&gateway_name(conn, job).await?, &fault, progress);
    end(conn, job, JobState::Cancelled).await?;
    let error = failure::error(&activity_name(job)?, &fault);
    activities::finish(
        conn,
        &job.activity_run,
        "Cancelled",
        Some(&json(&output)?),
        Some(&json(&error)?),
    )
    .await?;
    runs::touch(conn, &job.run).await
}

/// Asks for a job to stop. One that nobody works on is over at once; a node is told.
pub(crate) async fn cancel(conn: &mut Conn, job: &JobRow) -> Result<(), Fault> {
    if job.state.is_waiting() {
        return cancelled(conn, job, &last_progress(job)).await;
    }
    let asked = JobRow {
        cancel: true,
        ..job.clone()
    };
    write(conn, job, &asked).await?;
    tell_to_stop(conn, job).await
}

/// Writes `job.cancel` for the node that holds the job into the outbox.
pub(crate) async fn tell_to_stop(conn: &mut Conn, job: &JobRow) -> Result<(), Fault> {
    let Some(node) = &job.node else { return Ok(()) };
    let message = Message::JobCancel(Cancel {
        grace_s: CANCEL_GRACE_S,
        extra: Object::new(),
    });
    let mut envelope = Envelope::new(job.gateway.as_str().into(), &message).node(node.as_str().into());
    envelope.job = Some(JobId::from(job.id.as_str()));
    outbox::insert(conn, Some(node), &envelope, 0).await
}

/// Writes a job as it is to be, if it still is as it was.
///
/// # Errors
/// `SL9002`: within a write transaction nobody else can have changed it.
pub(crate) async fn write(conn: &mut Conn, before: &JobRow, after: &JobRow) -> Result<(), Fault> {
    if jobs::update(conn, before, after).await? {
        return Ok(());
    }
    Err(Fault::new(
        Code::Internal,
        format!("the job {} changed under a transaction", before.id),
    ))
}

/// The attempt that follows: it goes on with what this one, or one before it, has left.
fn next_attempt(job: &JobRow, progress: &CopyProgress, failures: i64) -> Result<JobRow, Fault> {
    let mut spec: JobSpec = stored("a job", &job.spec)?;
    let checkpoint = progress.checkpoint.clone().or(last_progress(job).checkpoint);
    if let Some(copy) = spec.copy_mut() {
        copy.checkpoint = checkpoint.or(copy.checkpoint.take());
    }
    spec.retries_left = u32::try_from(job.retry_max - failures).unwrap_or_default();
    Ok(JobRow {
        spec: json(&spec)?,
        attempt: job.attempt + 1,
        token: job.token + 1,
        state: JobState::Queued,
        node: None,
        lease_until: None,
        deadline: now().saturating_add(micros(Duration::from_secs(spec.timeout_s))),
        progress: None,
        ..job.clone()
    })
}

async fn queue_again(conn: &mut Conn, job: &JobRow, next: &JobRow, not_before: i64) -> Result<(), Fault> {
    outbox::delete_dispatches(conn, &job.id).await?;
    let next = JobRow {
        // The pause is not part of the attempt.
        deadline: next.deadline.saturating_add((not_before - now()).max(0)),
        ..next.clone()
    };
    write(conn, job, &next).await?;
    dispatch(conn, &next, not_before).await?;
    activities::set_status(conn, &job.activity_run, "Queued", next.failures).await?;
    runs::touch(conn, &job.run).await
}

async fn fail_with(conn: &mut Conn, job: &JobRow, fault: &Fault, progress: &CopyProgress) -> Result<(), Fault> {
    let activity = activity_name(job)?;
    tracing::info!(job = %job.id, activity, %fault, "An activity failed");
    let mut output = failure::output(&gateway_name(conn, job).await?, fault, progress);
    tell_earlier_failures(conn, job, &mut output).await?;
    let error = failure::error(&activity, fault);
    end(conn, job, JobState::Failed).await?;
    activities::finish(
        conn,
        &job.activity_run,
        "Failed",
        Some(&json(&output)?),
        Some(&json(&error)?),
    )
    .await?;
    runs::touch(conn, &job.run).await
}

/// What earlier attempts ended with, for the run's history.
async fn tell_earlier_failures(conn: &mut Conn, job: &JobRow, output: &mut Value) -> Result<(), Fault> {
    let earlier = outcomes::failures_before(conn, &job.id, job.attempt).await?;
    if !earlier.is_empty() {
        output["previousAttempts"] = Value::Array(earlier);
    }
    Ok(())
}

/// Ends a job. The token grows, so that nothing said under the old one counts any more.
async fn end(conn: &mut Conn, job: &JobRow, state: JobState) -> Result<(), Fault> {
    outbox::delete_dispatches(conn, &job.id).await?;
    let after = JobRow {
        state,
        token: job.token + 1,
        lease_until: None,
        ..job.clone()
    };
    write(conn, job, &after).await
}

fn activity_name(job: &JobRow) -> Result<String, Fault> {
    stored::<JobSpec>("a job", &job.spec).map(|spec| spec.activity)
}

async fn gateway_name(conn: &mut Conn, job: &JobRow) -> Result<String, Fault> {
    Ok(gateways::by_id(conn, &job.gateway)
        .await?
        .map(|gateway| gateway.name)
        .unwrap_or_default())
}

/// What the job's last heartbeat said.
fn last_progress(job: &JobRow) -> CopyProgress {
    job.progress
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

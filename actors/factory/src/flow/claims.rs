//! Who may work on a job, and who may commit it: compare and set on the job's row.

use super::session::{is_held_by, seconds};
use super::settle;
use crate::app::App;
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::{activities, attempts, outbox, runs, stored};
use crate::wire::{micros, now};
use sluice_channel::Peer;
use sluice_contract::job::{CopyProgress, JobSpec};
use sluice_contract::message::{CommitDecision, LeaseDenied, LeaseGranted, Reject};
use sluice_contract::{Code, Envelope, Fault, JobId, Message, Object};
use std::sync::Arc;
use std::time::Duration;

/// The pause before a job that a node had no room for is offered again.
const NO_ROOM: Duration = Duration::from_secs(5);

/// The job and attempt that a message is about.
pub(crate) fn subject(envelope: &Envelope) -> Result<(JobId, u32), Fault> {
    match (&envelope.job, envelope.attempt) {
        (Some(job), Some(attempt)) => Ok((job.clone(), attempt)),
        _ => Err(Fault::new(
            Code::MessageInvalid,
            format!("{} names no job and attempt", envelope.kind),
        )),
    }
}

/// `job.claim`.
pub(crate) async fn claim(
    app: &Arc<App>,
    peer: &Peer,
    job: &JobId,
    attempt: u32,
) -> Result<(Message, Option<u64>), Fault> {
    let denied = |reason: &str| {
        let reason = reason.to_owned();
        Ok((
            Message::LeaseDenied(LeaseDenied {
                reason,
                extra: Object::new(),
            }),
            None,
        ))
    };
    let mut tx = app.state.write().await?;
    let Some(row) = jobs::find(&mut tx, job.as_str())
        .await?
        .filter(|row| row.gateway == peer.gateway.as_str())
    else {
        return denied("the job is not known");
    };
    let token = u64::try_from(row.token).unwrap_or_default();
    let granted = |token: u64| {
        let lease_s = seconds(app.timings.lease);
        Ok((
            Message::LeaseGranted(LeaseGranted {
                token,
                lease_s,
                extra: Object::new(),
            }),
            Some(token),
        ))
    };
    if is_held_by(&row, peer, attempt, token) {
        // The grant got lost; the node asks again.
        return granted(token);
    }
    if !row.state.is_waiting() || row.attempt != i64::from(attempt) {
        return denied(match row.state {
            JobState::Cancelled => "the job was cancelled",
            _ => "another node works on the job, or it is over",
        });
    }
    let spec: JobSpec = stored("a job", &row.spec)?;
    let held = JobRow {
        state: JobState::Leased,
        token: row.token + 1,
        node: Some(peer.node.to_string()),
        lease_until: Some(now() + micros(app.timings.lease)),
        // The node keeps the timeout itself; this is for one that does not.
        deadline: now()
            .saturating_add(micros(Duration::from_secs(spec.timeout_s)))
            .saturating_add(micros(app.timings.lease)),
        ..row.clone()
    };
    settle::write(&mut tx, &row, &held).await?;
    attempts::begin(&mut tx, &held).await?;
    outbox::delete_dispatches(&mut tx, &row.id).await?;
    activities::set_status(&mut tx, &row.activity_run, "InProgress", row.failures).await?;
    runs::touch(&mut tx, &row.run).await?;
    tx.commit().await?;
    tracing::info!(%job, attempt, token = held.token, node = %peer.node, "A node took a job");
    app.live.begin(job, token + 1);
    app.live.changed();
    granted(token + 1)
}

/// `job.prepare_commit`: only the holder of the current token may publish.
pub(crate) async fn prepare_commit(
    app: &Arc<App>,
    peer: &Peer,
    job: &JobId,
    attempt: u32,
    token: u64,
) -> Result<Message, Fault> {
    let denied = |reason: &str| {
        let reason = reason.to_owned();
        Ok(Message::CommitDenied(CommitDecision {
            reason,
            extra: Object::new(),
        }))
    };
    let mut tx = app.state.write().await?;
    let Some(row) = jobs::find(&mut tx, job.as_str()).await? else {
        return denied("the job is not known");
    };
    if !is_held_by(&row, peer, attempt, token) {
        return denied("the token is not the job's current one");
    }
    if row.cancel && row.state == JobState::Leased {
        return denied("the job is being cancelled");
    }
    let committing = JobRow {
        state: JobState::Committing,
        lease_until: Some(now() + micros(app.timings.lease)),
        ..row.clone()
    };
    settle::write(&mut tx, &row, &committing).await?;
    tx.commit().await?;
    tracing::info!(%job, attempt, token, node = %peer.node, "A node may commit a job");
    Ok(Message::CommitGranted(CommitDecision::default()))
}

/// `job.reject`: this node cannot run the job.
pub(crate) async fn reject(app: &Arc<App>, peer: &Peer, envelope: &Envelope, reject: &Reject) -> Result<(), Fault> {
    let (job, attempt) = subject(envelope)?;
    let mut tx = app.state.write().await?;
    let row = jobs::find(&mut tx, job.as_str()).await?;
    let current = row.filter(|row| {
        let waiting = row.state.is_waiting() && row.gateway == peer.gateway.as_str();
        let held = row.state.is_held() && row.node.as_deref() == Some(peer.node.as_str());
        row.attempt == i64::from(attempt) && (waiting || held)
    });
    let Some(row) = current else { return Ok(()) };
    tracing::info!(%job, attempt, node = %peer.node, fault = %reject.fault, "A node rejected a job");
    match reject.fault.code {
        Code::Overloaded => settle::give_back(&mut tx, &row, NO_ROOM).await?,
        _ => settle::fail(&mut tx, &row, &reject.fault, &CopyProgress::default()).await?,
    }
    tx.commit().await?;
    app.live.end(&job);
    app.send_outbox();
    app.advance(&row.run);
    Ok(())
}

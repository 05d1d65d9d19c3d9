//! `job.completed`, `job.failed`, `job.cancelled`. Each is recorded once and acknowledged as often as it comes; only the
//! holder of the current token changes anything.

use super::claims::subject;
use super::session::is_held_by;
use super::{output, settle};
use crate::app::App;
use crate::state::{job_outputs, jobs, outbox, outcomes};
use sluice_channel::Peer;
use sluice_contract::job::OutputPart;
use sluice_contract::message::EventAck;
use sluice_contract::{Code, Envelope, Fault, Message, Object};
use std::sync::Arc;

/// Records an outcome, and applies it if it counts.
pub(crate) async fn outcome(
    app: &Arc<App>,
    peer: &Peer,
    envelope: &Envelope,
    message: &Message,
) -> Result<Option<Message>, Fault> {
    let (job, attempt) = subject(envelope)?;
    let token = envelope
        .token
        .ok_or_else(|| Fault::new(Code::MessageInvalid, format!("{} has no token", envelope.kind)))?;
    let mut tx = app.state.write().await?;
    if outcomes::is_recorded(&mut tx, &envelope.id).await? {
        return Ok(Some(ack(envelope)));
    }
    let row = jobs::find(&mut tx, job.as_str()).await?;
    let current = row.filter(|row| is_held_by(row, peer, attempt, token));
    if let (Some(row), Message::JobCompleted(done)) = (&current, message)
        && !output::is_whole(&mut tx, row, &done.outcome).await?
    {
        tracing::info!(%job, attempt, "An outcome overtook parts of its output; its node sends it again");
        return Ok(None);
    }
    outcomes::record(&mut tx, envelope, peer.node.as_str(), current.is_some()).await?;
    match (&current, message) {
        (Some(row), Message::JobCompleted(done)) => settle::complete(&mut tx, row, &done.outcome).await?,
        (Some(row), Message::JobFailed(failed)) => settle::fail(&mut tx, row, &failed.fault, &failed.progress).await?,
        (Some(row), Message::JobCancelled(cancelled)) => {
            if row.cancel {
                settle::cancelled(&mut tx, row, &cancelled.progress).await?;
            } else {
                // The node gave up by itself (it is stopping): somebody else takes over.
                settle::lost(&mut tx, row).await?;
            }
        }
        _ => tracing::warn!(
            %job, attempt, token, node = %peer.node, kind = %envelope.kind,
            "An outcome came under a token that is not the current one; it is recorded and changes nothing"
        ),
    }
    // The node has a free place again.
    outbox::wake(&mut tx, peer.gateway.as_str()).await?;
    tx.commit().await?;
    if let Some(row) = current {
        tracing::info!(%job, attempt, node = %peer.node, kind = %envelope.kind, "An attempt ended");
        app.live.end(&job);
        app.send_outbox();
        app.advance(&row.run);
    }
    Ok(Some(ack(envelope)))
}

/// Keeps a part of an output, if its job still waits for it.
pub(crate) async fn part(
    app: &Arc<App>,
    peer: &Peer,
    envelope: &Envelope,
    part: &OutputPart,
) -> Result<Message, Fault> {
    let (job, attempt) = subject(envelope)?;
    let token = envelope.token.unwrap_or_default();
    let mut tx = app.state.write().await?;
    if let Some(row) = jobs::find(&mut tx, job.as_str()).await?
        && is_held_by(&row, peer, attempt, token)
    {
        job_outputs::keep(&mut tx, &row.id, row.token, part).await?;
        tx.commit().await?;
    }
    Ok(ack(envelope))
}

/// The node's outbox may forget it.
pub(crate) fn ack(envelope: &Envelope) -> Message {
    Message::EventAck(EventAck {
        ids: vec![envelope.id.clone()],
        extra: Object::new(),
    })
}

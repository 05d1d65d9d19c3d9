//! The control queue: what the factory tells this node.

use super::session::Shared;
use crate::health::{Severity, Topic};
use crate::looker::LookFor;
use crate::probe::Probe;
use crate::scheduler::{About, Cancel, Denied, Granted, Invited, cancel, renewed};
use crate::updater::Offered;
use sluice_channel::{Inbox, Settle};
use sluice_contract::message::{CommitDecision, ErrorReply, Share, Talk};
use sluice_contract::{Code, Envelope, Fault, Message as Wire, Object};
use std::convert::Infallible;
use std::time::Duration;

/// Takes control messages until the link breaks; `early` came before the session began.
pub(super) async fn take_control(shared: &Shared, inbox: Box<dyn Inbox>, early: Vec<Envelope>, credit: u32) -> Fault {
    match take(shared, inbox, early, credit).await {
        Ok(never) => match never {},
        Err(fault) => fault,
    }
}

async fn take(
    shared: &Shared,
    mut inbox: Box<dyn Inbox>,
    early: Vec<Envelope>,
    credit: u32,
) -> Result<Infallible, Fault> {
    for envelope in early {
        handle(shared, &envelope).await;
    }
    let mut used = 0;
    loop {
        let delivery = inbox.next().await?;
        handle(shared, &delivery.envelope).await;
        inbox.settle(delivery, Settle::Accept).await?;
        used += 1;
        // In portions: each grant of credit is a frame of its own.
        if used >= credit / 2 {
            inbox.add_credit(used).await?;
            used = 0;
        }
    }
}

async fn handle(shared: &Shared, envelope: &Envelope) {
    if shared.clock.expired(envelope) {
        tracing::debug!(kind = envelope.kind, "A control message came too late.");
        return;
    }
    let done = match envelope.message() {
        Ok(message) => act(shared, envelope, message).await,
        Err(fault) => Err(fault),
    };
    if let Err(fault) = done {
        tracing::warn!(kind = envelope.kind, id = envelope.id, %fault, "A control message could not be handled.");
        let reply = Wire::Error(ErrorReply {
            fault,
            extra: Object::new(),
        });
        // To an error there is no error.
        if envelope.kind != reply.kind() {
            shared.hub.send(shared.hub.envelope(&reply).answering(envelope));
        }
    }
}

async fn act(shared: &Shared, envelope: &Envelope, message: Wire) -> Result<(), Fault> {
    let hub = &shared.hub;
    match message {
        Wire::LeaseRenewed(answer) => {
            if let Some(asked) = shared.beats.answered(envelope.corr.as_deref()) {
                shared.clock.learn(envelope.time);
                hub.link.heard();
                renewed(&hub.live, answer, asked);
            }
        }
        Wire::LeaseGranted(granted) => {
            let attempt = envelope.attempt.ok_or_else(|| incomplete("an attempt"))?;
            hub.scheduler.tell(Granted {
                job: job(envelope)?,
                attempt,
                token: granted.token,
                lease_s: granted.lease_s,
                answers: envelope.corr.clone(),
            });
        }
        Wire::LeaseDenied(denied) => {
            hub.scheduler.tell(Denied {
                job: job(envelope)?,
                attempt: envelope.attempt,
                reason: denied.reason,
            });
        }
        Wire::CopyShare(share) => shared_copy(shared, envelope, share)?,
        Wire::CommitGranted(_) => decide(shared, envelope, Ok(()))?,
        Wire::CommitDenied(CommitDecision { reason, .. }) => decide(shared, envelope, Err(reason))?,
        Wire::EventAck(ack) => hub.journal.ack(ack.ids).await?,
        Wire::JobCancel(body) => {
            let job = job(envelope)?;
            // First durably: its dispatch may still be on its way.
            let remembered = hub.journal.remember_cancel(&job, envelope.attempt).await;
            let grace = Duration::from_secs(u64::from(body.grace_s));
            cancel(&hub.live, &job, envelope.attempt, grace);
            hub.scheduler.tell(Cancel {
                job,
                attempt: envelope.attempt,
            });
            remembered?;
        }
        Wire::ProbeRequest(body) => {
            let request = envelope.clone();
            hub.prober.tell(Probe { request, body });
        }
        Wire::FilesLook(asked) => {
            let request = envelope.clone();
            hub.looker.tell(LookFor { request, asked });
        }
        Wire::GatewayDrain(drain) => hub.places.drain(&drain.reason),
        Wire::GatewayResume(_) => hub.places.resume(),
        Wire::UpdateOffer(offer) => {
            let request = envelope.clone();
            hub.updater.tell(Offered { request, offer });
        }
        Wire::ConfigChanged(config) => {
            if let Some(slots) = config.concurrent_jobs_limit {
                hub.places.set_slots(slots);
            }
        }
        Wire::KeyRevoked(revoked) => {
            let fault = Fault::new(Code::KeyRefused, revoked.reason).context("the factory revoked a key of this node");
            hub.board.raise(Topic::Membership, Severity::Error, &fault);
        }
        Wire::Error(error) => {
            tracing::warn!(fault = %error.fault, answers = envelope.corr, "The factory could not handle a message.");
        }
        Wire::SessionWelcome(_) => {}
        other => {
            let text = format!("this node does not act on {}", other.kind());
            return Err(Fault::new(Code::OperationNotSupported, text));
        }
    }
    Ok(())
}

/// Another node of the gateway talks about a copy that it leads, or that this one does.
fn shared_copy(shared: &Shared, envelope: &Envelope, share: Share) -> Result<(), Fault> {
    let hub = &shared.hub;
    let from = share.node.ok_or_else(|| incomplete("the node it is from"))?;
    let about = About {
        job: job(envelope)?,
        attempt: envelope.attempt.ok_or_else(|| incomplete("an attempt"))?,
        token: envelope.token.ok_or_else(|| incomplete("a token"))?,
    };
    if let Talk::Invite { spec, copy } = share.talk {
        let unread = |e: serde_json::Error| Fault::new(Code::NotShared, format!("the copy is not understood: {e}"));
        let copy = serde_json::from_value(copy).map_err(unread)?;
        hub.scheduler.tell(Invited {
            about,
            leader: from,
            spec,
            copy,
        });
        return Ok(());
    }
    if let Some(live) = hub.live.get(&about.job) {
        if (live.attempt, live.token) == (about.attempt, about.token) {
            live.hear(&from, share.talk);
        }
    } else if let Some(help) = hub.helpers.get(&about.job).filter(|help| help.about == about) {
        help.hear(&from, &share.talk);
    }
    Ok(())
}

/// The answer to `job.prepare_commit`; it must be for the very attempt and token that runs.
fn decide(shared: &Shared, envelope: &Envelope, decision: Result<(), String>) -> Result<(), Fault> {
    let Some(live) = shared.hub.live.get(&job(envelope)?) else {
        return Ok(());
    };
    let fits = envelope.attempt.is_none_or(|attempt| attempt == live.attempt)
        && envelope.token.is_none_or(|token| token == live.token);
    if fits {
        live.decide(decision);
    }
    Ok(())
}

fn job(envelope: &Envelope) -> Result<sluice_contract::JobId, Fault> {
    envelope.job.clone().ok_or_else(|| incomplete("a job"))
}

fn incomplete(what: &str) -> Fault {
    Fault::new(Code::MessageInvalid, format!("the envelope does not name {what}"))
}

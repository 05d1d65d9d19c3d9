//! Nodes share a copy: what the one that leads and those that help say to each other is passed on, between nodes of one gateway
//! and under the job's current token only. Nothing of it is kept: it is said again until it is answered.

use super::claims::subject;
use crate::app::App;
use crate::state::jobs::{self, JobRow};
use crate::state::{nodes, stored};
use sluice_channel::{Address, Peer};
use sluice_contract::message::{Share, Talk};
use sluice_contract::{Code, Envelope, Fault, Message, NodeId, Object};
use std::sync::Arc;

/// Whom to tell what.
pub(super) type Passed = Vec<(Address, Envelope)>;

/// Passes a message on, to nobody when it does not count.
pub(super) async fn pass_on(app: &Arc<App>, peer: &Peer, envelope: &Envelope, share: &Share) -> Result<Passed, Fault> {
    let (job, attempt) = subject(envelope)?;
    let token = envelope
        .token
        .ok_or_else(|| Fault::new(Code::MessageInvalid, "copy.share has no token"))?;
    let mut conn = app.state.read().await?;
    let row = jobs::find(&mut conn, job.as_str()).await?.filter(|row| {
        let current = row.attempt == i64::from(attempt) && u64::try_from(row.token) == Ok(token);
        row.state.is_held() && row.gateway == peer.gateway.as_str() && current
    });
    let to = |node: &NodeId, talk: Talk| told(envelope, peer, node, talk);
    let held = row.and_then(|row| {
        let leader = row.node.as_deref().map(NodeId::from)?;
        Some((row, leader))
    });
    let Some((row, leader)) = held else {
        // Whoever still helps, or leads, is on its own.
        return Ok(match share.talk {
            Talk::End | Talk::Leave { .. } => Vec::new(),
            _ => vec![to(&peer.node, Talk::End)],
        });
    };
    if peer.node != leader {
        return Ok(vec![to(&leader, share.talk.clone())]);
    }
    if let Talk::Offer { copy } = &share.talk {
        return invite(app, &row, &leader, copy.clone(), to);
    }
    let Some(node) = &share.node else { return Ok(Vec::new()) };
    let there = nodes::of_gateway(&mut conn, &row.gateway).await?;
    let known = there.iter().any(|one| one.id == node.as_str());
    Ok(known.then(|| to(node, share.talk.clone())).into_iter().collect())
}

/// Every other node of the gateway that has a free place is invited.
fn invite(
    app: &App,
    row: &JobRow,
    leader: &NodeId,
    copy: serde_json::Value,
    to: impl Fn(&NodeId, Talk) -> (Address, Envelope),
) -> Result<Passed, Fault> {
    let free = |node: &NodeId| app.metrics(node).is_some_and(|metrics| metrics.slots.1 > 0);
    let others = app
        .online()
        .into_iter()
        .filter(|other| other.gateway.as_str() == row.gateway && other.node != *leader && free(&other.node));
    let spec: sluice_contract::job::JobSpec = stored("a job", &row.spec)?;
    let invite = |other: Peer| {
        let (spec, copy) = (spec.clone(), copy.clone());
        to(&other.node, Talk::Invite { spec, copy })
    };
    Ok(others.map(invite).collect())
}

fn told(about: &Envelope, from: &Peer, node: &NodeId, talk: Talk) -> (Address, Envelope) {
    let message = Message::CopyShare(Share {
        node: Some(from.node.clone()),
        talk,
        extra: Object::new(),
    });
    let mut envelope = Envelope::new(from.gateway.clone(), &message).node(node.clone());
    (envelope.job, envelope.attempt, envelope.token) = (about.job.clone(), about.attempt, about.token);
    let address = Address::Control {
        gateway: from.gateway.clone(),
        node: node.clone(),
    };
    (address, envelope)
}

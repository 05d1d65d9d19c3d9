//! The gateway's keys for a new node, as the administrator of a node that has them approves it.

use super::blocking;
use crate::identity::{Identity, ask_factory};
use crate::state::StateDir;
use crate::vault::{Passphrase, at_hand, certificates, current_certificate, handover, read_pair};
use serde::Serialize;
use sluice_contract::enrol::{NodeAsks, Waiting, WaitingNode};
use sluice_contract::{Code, Fault};
use std::path::Path;

/// A node that waits for its gateway's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiter {
    /// Its name.
    pub name: String,
    /// Its machine, as it said.
    pub machine: String,
    /// SHA-256 of the certificate that it waits with, base64url. The factory says it: the word of the new machine counts.
    pub fingerprint: String,
}

/// A node that the gateway's keys are on their way to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approved {
    /// Its name.
    pub name: String,
    /// SHA-256 of the certificate that the keys were sealed to.
    pub fingerprint: String,
    /// How many keys it gets.
    pub keys: usize,
}

/// The fingerprint of this node, which waits for its gateway's keys.
///
/// # Errors
/// `SL5030` when it waits for none.
pub async fn fingerprint(state_dir: impl AsRef<Path>) -> Result<String, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || match handover::certificate(&state)? {
        Some(certificate) => handover::fingerprint(&certificate),
        None => Err(Fault::new(Code::HandoverRefused, "this node waits for no keys")),
    })
    .await
}

/// The gateway's nodes that wait for its keys, as the factory knows them.
///
/// # Errors
/// `SL2005` when no node is registered, `SL2006` and `SL2021` for the factory.
pub async fn waiting(state_dir: impl AsRef<Path>) -> Result<Vec<Waiter>, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let waiter = |node: WaitingNode| {
        Ok(Waiter {
            fingerprint: handover::fingerprint(&node.certificate)?,
            name: node.name,
            machine: node.machine,
        })
    };
    ask(&state).await?.nodes.into_iter().map(waiter).collect()
}

/// Seals all keys of this node's vault to the certificate of a node that waits, if it has this fingerprint, and passes them
/// on. The key in use comes first.
///
/// # Errors
/// `SL5030` when no node of this name waits, or its certificate is another one; `SL5007`, `SL5020` and `SL5024` for the vault,
/// `SL2006` and `SL2021` for the factory.
pub async fn approve(
    state_dir: impl AsRef<Path>,
    name: &str,
    fingerprint: &str,
    given: Option<Passphrase>,
) -> Result<Approved, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let refused = |why: String| Fault::new(Code::HandoverRefused, why);
    let found = ask(&state).await?.nodes;
    let node = found.into_iter().find(|node| node.name.eq_ignore_ascii_case(name));
    let node = node.ok_or_else(|| refused(format!("no node named {name} waits for this gateway's keys")))?;
    let shown = handover::fingerprint(&node.certificate)?;
    if shown != fingerprint.trim() {
        let message = format!("node {name} waits with the fingerprint {shown}, and another one was approved");
        return Err(refused(message));
    }
    let (to, home) = (node.clone(), state.clone());
    let keys = blocking(move || seal_all(&home, &to, given.as_ref())).await?;
    let count = keys.len();
    ask_factory(&state, None, NodeAsks::HandOver { to: node.node, keys }).await?;
    Ok(Approved {
        name: node.name,
        fingerprint: shown,
        keys: count,
    })
}

async fn ask(state: &StateDir) -> Result<Waiting, Fault> {
    let answer = ask_factory(state, None, NodeAsks::Waiting).await?;
    serde_json::from_slice(&answer).map_err(|e| {
        Fault::new(
            Code::FactoryUnreachable,
            format!("the factory's answer is not understood: {e}"),
        )
    })
}

fn seal_all(state: &StateDir, to: &WaitingNode, given: Option<&Passphrase>) -> Result<Vec<String>, Fault> {
    let identity = Identity::load(state)?;
    let passphrase = at_hand(state, given)?;
    let current = current_certificate(state)?;
    let mut paths = certificates(state)?;
    paths.sort_by_key(|path| Some(path) != current.as_ref());
    let mut keys = Vec::new();
    for path in paths {
        if let Some(pair) = read_pair(&path, passphrase.as_ref())? {
            keys.push(handover::wrap(&pair, &identity, &to.node, &to.certificate)?);
        }
    }
    match keys.is_empty() {
        true => Err(Fault::new(Code::VaultUnavailable, "the vault holds no credential key")),
        false => Ok(keys),
    }
}

//! The credential vault: opens sealed credentials, and hands them out only for the server they were sealed for.

mod open;
#[cfg(test)]
mod tests;

use crate::health::{Severity, Topic};
use crate::hub::Hub;
use crate::identity::{certificates, current_certificate, read_pair};
use crate::state::StateDir;
use actix::{Actor, Handler, Message};
use open::open;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use sluice_seal::KeyRing;
use sluice_store_core::StoreProperties;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The component that holds the gateway's credential keys.
pub(crate) struct Vault {
    keys: Keys,
    waiting: Vec<Open>,
}

enum Keys {
    Loading,
    Ready(Arc<KeyRing>),
    /// They are read again with the next request: somebody may have repaired the files.
    Unreadable,
}

/// Asks for what a connector needs to reach a linked service's store.
pub(crate) struct Open {
    /// The linked service, as the job brought it.
    pub(crate) endpoint: Endpoint,
    /// Where the answer goes. The opened secrets are wiped when it is dropped.
    pub(crate) reply: oneshot::Sender<Result<StoreProperties, Fault>>,
}

impl Message for Open {
    type Result = ();
}

struct Loaded(Result<Arc<KeyRing>, Fault>);

impl Message for Loaded {
    type Result = ();
}

impl Actor for Vault {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        load(ctx);
    }
}

impl Component for Vault {
    const NAME: &'static str = "CredentialVault";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self {
            keys: Keys::Loading,
            waiting: Vec::new(),
        }
    }
}

supervised!(Vault);

impl Handler<Open> for Vault {
    type Result = ();

    fn handle(&mut self, request: Open, ctx: &mut Self::Context) {
        match &self.keys {
            Keys::Ready(ring) => answer(ctx, Arc::clone(ring), request),
            Keys::Loading => self.waiting.push(request),
            Keys::Unreadable => {
                self.waiting.push(request);
                self.keys = Keys::Loading;
                load(ctx);
            }
        }
    }
}

impl Handler<Loaded> for Vault {
    type Result = ();

    fn handle(&mut self, Loaded(result): Loaded, ctx: &mut Self::Context) {
        let waiting = std::mem::take(&mut self.waiting);
        match result {
            Ok(ring) => {
                ctx.deps().board.clear(&Topic::Vault);
                for request in waiting {
                    answer(ctx, Arc::clone(&ring), request);
                }
                self.keys = Keys::Ready(ring);
            }
            Err(fault) => {
                ctx.deps().board.raise(Topic::Vault, Severity::Error, &fault);
                self.keys = Keys::Unreadable;
                for request in waiting {
                    // Nobody waits any more when this fails.
                    let _ = request.reply.send(Err(fault.clone()));
                }
            }
        }
    }
}

impl Handler<TaskEnded> for Vault {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Self::Context) {
        // A panic while opening drops the reply, which the asker sees. One while loading would leave all waiting.
        if ended.name == LOAD && ended.outcome.is_err() {
            let fault = Fault::new(
                Code::VaultUnavailable,
                "reading the credential keys failed unexpectedly",
            );
            self.handle(Loaded(Err(fault)), ctx);
        }
    }
}

const LOAD: &str = "load-keys";

fn load(ctx: &mut Ctx<Vault>) {
    let vault = ctx.handle();
    let state = ctx.deps().state.clone();
    ctx.spawn_blocking(LOAD, move |_| {
        let ring = read_ring(&state).map(Arc::new);
        if let Err(error) = vault.tell(Loaded(ring)) {
            tracing::warn!(%error, "The credential vault did not take its keys.");
        }
    });
}

/// Opening costs about a millisecond of processor time, so it does not happen on the component's thread.
fn answer(ctx: &mut Ctx<Vault>, ring: Arc<KeyRing>, request: Open) {
    ctx.spawn_blocking("open-credential", move |_| {
        let _ = request.reply.send(open(&ring, &request.endpoint));
    });
}

/// Reads all keys of the vault directory.
fn read_ring(state: &StateDir) -> Result<KeyRing, Fault> {
    let mut ring = KeyRing::new();
    for path in certificates(state)? {
        if let Some(pair) = read_pair(&path)? {
            ring.insert(&pair.certificate_pem, &pair.pkcs8)?;
        }
    }
    Ok(ring)
}

/// The thumbprint of the certificate in use; empty when it cannot be read. Blocks.
pub(crate) fn current_thumbprint(state: &StateDir) -> String {
    let read = || {
        let pem = crate::state::read_public(&current_certificate(state).ok()??).ok()??;
        sluice_seal::thumbprint(&pem).ok()
    };
    read().unwrap_or_default()
}

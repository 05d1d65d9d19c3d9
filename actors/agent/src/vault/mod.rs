//! The credential vault: opens sealed credentials, and hands them out only for the server they were sealed for.

mod crypt;
mod files;
pub(crate) mod handover;
mod open;
mod passphrase;
mod rekey;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use files::{
    certificate_to_register, certificates, check_files, current_certificate, current_thumbprint, forget_local_keys,
    held, keep_local_key, keep_pair, read_local_key, read_pair, read_ring, tidy, use_certificate,
};
pub use passphrase::Passphrase;
pub(crate) use passphrase::at_hand;
pub(crate) use rekey::change as change_passphrase;

use crate::health::{Severity, Topic};
use crate::hub::Hub;
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
    /// Whether the gateway's keys are being waited for.
    awaiting: bool,
}

enum Keys {
    Loading,
    Ready(Arc<KeyRing>),
    /// They wait for their passphrase.
    Locked,
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

/// Gives the passphrase of the keys.
pub(crate) struct Unlock {
    pub(crate) passphrase: Passphrase,
    /// Whether it is the right one.
    pub(crate) reply: oneshot::Sender<Result<(), Fault>>,
}

impl Message for Unlock {
    type Result = ();
}

/// The keys were read, or not.
struct Loaded {
    ring: Result<Arc<KeyRing>, Fault>,
    /// Whether another node is to hand the gateway's keys over.
    awaited: bool,
}

impl Message for Loaded {
    type Result = ();
}

/// There are other keys in the files.
struct Reload;

impl Message for Reload {
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
            awaiting: false,
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
            Keys::Locked => {
                // Nobody waits any more when this fails.
                let _ = request.reply.send(Err(locked()));
            }
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

    fn handle(&mut self, Loaded { ring, awaited }: Loaded, ctx: &mut Self::Context) {
        let waiting = std::mem::take(&mut self.waiting);
        if awaited && !self.awaiting {
            self.awaiting = true;
            let (hub, vault) = (Arc::clone(ctx.deps()), ctx.handle());
            ctx.spawn_task(AWAIT, waiting::wait(hub, vault));
        }
        match ring {
            Ok(ring) => {
                ctx.deps().board.clear(&Topic::Locked);
                if awaited && ring.thumbprints().next().is_none() {
                    ctx.deps().board.raise(Topic::Vault, Severity::Warning, &awaiting());
                    ctx.deps().places.hold(Some("the node waits for its gateway's keys"));
                } else {
                    ctx.deps().board.clear(&Topic::Vault);
                    ctx.deps().places.hold(None);
                }
                for request in waiting {
                    answer(ctx, Arc::clone(&ring), request);
                }
                self.keys = Keys::Ready(ring);
            }
            Err(fault) => {
                if matches!(fault.code, Code::VaultLocked | Code::PassphraseWrong) {
                    ctx.deps().board.raise(Topic::Locked, Severity::Warning, &fault);
                    // Other nodes may take the jobs; without one they wait.
                    ctx.deps().places.hold(Some("the credential vault is locked"));
                    self.keys = Keys::Locked;
                } else {
                    ctx.deps().board.raise(Topic::Vault, Severity::Error, &fault);
                    self.keys = Keys::Unreadable;
                }
                for request in waiting {
                    // Nobody waits any more when this fails.
                    let _ = request.reply.send(Err(fault.clone()));
                }
            }
        }
    }
}

impl Handler<Reload> for Vault {
    type Result = ();

    fn handle(&mut self, _: Reload, ctx: &mut Self::Context) {
        load(ctx);
    }
}

impl Handler<Unlock> for Vault {
    type Result = ();

    fn handle(&mut self, request: Unlock, ctx: &mut Self::Context) {
        let vault = ctx.handle();
        let hub = Arc::clone(ctx.deps());
        ctx.spawn_blocking("unlock", move |_| {
            let answer = read_ring(&hub.state, Some(&request.passphrase)).map(|ring| {
                hub.remember(request.passphrase);
                // The proxy's password lies under the same one.
                if let Err(fault) = crate::proxy::reload(&hub) {
                    tracing::error!(%fault, "The proxy's settings cannot be used.");
                }
                let loaded = Loaded {
                    ring: Ok(Arc::new(ring)),
                    awaited: is_awaited(&hub),
                };
                if let Err(error) = vault.tell(loaded) {
                    tracing::warn!(%error, "The credential vault did not take its keys.");
                }
            });
            if let Err(fault) = &answer {
                tracing::warn!(%fault, "The credential vault was not unlocked.");
            }
            let _ = request.reply.send(answer);
        });
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
            let (ring, awaited) = (Err(fault), false);
            self.handle(Loaded { ring, awaited }, ctx);
        }
        if ended.name == AWAIT {
            self.awaiting = false;
            load(ctx);
        }
    }
}

const LOAD: &str = "load-keys";
const AWAIT: &str = "await-keys";

fn load(ctx: &mut Ctx<Vault>) {
    let vault = ctx.handle();
    let hub = Arc::clone(ctx.deps());
    ctx.spawn_blocking(LOAD, move |_| {
        let passphrase = hub.passphrase();
        let ring = passphrase.and_then(|passphrase| read_ring(&hub.state, passphrase.as_ref()));
        let ring = ring.map(Arc::new);
        let awaited = is_awaited(&hub);
        if let Err(error) = vault.tell(Loaded { ring, awaited }) {
            tracing::warn!(%error, "The credential vault did not take its keys.");
        }
    });
}

/// Whether this node waits for its gateway's keys. Blocks.
fn is_awaited(hub: &Hub) -> bool {
    handover::certificate(&hub.state).is_ok_and(|certificate| certificate.is_some())
}

/// Opening costs about a millisecond of processor time, so it does not happen on the component's thread.
fn answer(ctx: &mut Ctx<Vault>, ring: Arc<KeyRing>, request: Open) {
    ctx.spawn_blocking("open-credential", move |_| {
        let _ = request.reply.send(open(&ring, &request.endpoint));
    });
}

/// What a connector gets to know of a linked service's store.
///
/// # Errors
/// What the vault says, or `SL8003` when it does not answer.
pub(crate) async fn open_for(hub: &Hub, endpoint: &Endpoint) -> Result<StoreProperties, Fault> {
    let (reply, answer) = oneshot::channel();
    hub.vault.tell(Open {
        endpoint: endpoint.clone(),
        reply,
    });
    answer.await.unwrap_or_else(|_| {
        let message = "the credential vault did not answer";
        Err(Fault::new(Code::ComponentRestarted, message))
    })
}

fn locked() -> Fault {
    Fault::new(Code::VaultLocked, "the credential keys wait for their passphrase")
}

/// The condition of a node that was registered without its gateway's certificate.
pub(crate) fn awaiting() -> Fault {
    Fault::new(
        Code::KeysAwaited,
        "an administrator of another node has to approve this one, so that it gets the gateway's keys",
    )
}

//! What the components of one agent share: facts that outlive their restarts, and the way to each other.

use crate::connector::Connectors;
use crate::health::{Board, HealthMonitor};
use crate::identity::{Addresses, Identity};
use crate::journal::Journal;
use crate::link::{LinkState, QueueListener, Send};
use crate::looker::Looker;
use crate::options::{AgentOptions, Tuning};
use crate::policy::PolicyKeeper;
use crate::probe::Prober;
use crate::receipts::Receipts;
use crate::scheduler::{Helpers, JobScheduler, Limits, LiveJobs, Places};
use crate::secrets::SecretCache;
use crate::state::StateDir;
use crate::updater::Updater;
use crate::vault::{Passphrase, Vault, at_hand, current_thumbprint, held};
use actix::dev::Message;
use actix::{Actor, Handler};
use sluice_channel::ControlChannel;
use sluice_contract::{Code, Envelope, Fault, Message as Wire};
use sluice_net::Network;
use sluice_runtime::{Component, Ctx, Handle, Root};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;

/// Shared by all components of an agent.
pub(crate) struct Hub {
    pub(crate) root: Root,
    /// The shared multi-thread runtime, for work that no component owns.
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) identity: Identity,
    pub(crate) state: StateDir,
    pub(crate) options: AgentOptions,
    pub(crate) tuning: Tuning,
    pub(crate) channel: Arc<dyn ControlChannel>,
    /// Where the factory is reached.
    pub(crate) addresses: Arc<Addresses>,
    /// Whether a message broker carries the channel.
    pub(crate) by_broker: bool,
    pub(crate) journal: Journal,
    pub(crate) board: Arc<Board>,
    /// How the control channel is doing.
    pub(crate) link: LinkState,
    /// The places for jobs.
    pub(crate) places: Places,
    /// What the copies share.
    pub(crate) limits: Limits,
    /// The copies that run.
    pub(crate) live: LiveJobs,
    /// The copies of other nodes that this one helps with.
    pub(crate) helpers: Helpers,
    pub(crate) connectors: Connectors,
    /// Signs and keeps what says that a copy is done.
    pub(crate) receipts: Receipts,
    /// Cancelled when the agent shuts down and the link is to be closed.
    pub(crate) closing: CancellationToken,
    /// What the administrator of this machine allows.
    pub(crate) policy: Arc<PolicyKeeper>,
    /// The way to everything that the factory names: judged by the policy.
    pub(crate) network: Network,
    /// The way to the factory, which is the administrator's own word.
    pub(crate) outward: Network,
    /// Secrets that linked services refer to.
    pub(crate) secrets: SecretCache,
    /// What opens the credential keys, once somebody gave it.
    pub(crate) passphrase: Mutex<Option<Passphrase>>,
    pub(crate) listener: Peer<QueueListener>,
    pub(crate) scheduler: Peer<JobScheduler>,
    pub(crate) vault: Peer<Vault>,
    pub(crate) prober: Peer<Prober>,
    pub(crate) looker: Peer<Looker>,
    pub(crate) updater: Peer<Updater>,
    pub(crate) health: Peer<HealthMonitor>,
}

impl Hub {
    /// An envelope of this node.
    pub(crate) fn envelope(&self, message: &Wire) -> Envelope {
        Envelope::new(self.identity.gateway.clone(), message).node(self.identity.node.clone())
    }

    /// Sends a message to the factory if the channel is up, and forgets it otherwise: for what is repeated anyway.
    pub(crate) fn send(&self, envelope: Envelope) {
        self.listener.tell(Send(envelope));
    }
}

impl Hub {
    /// SHA-256 of the certificate that this node's gateway uses, as this node knows it; empty when it cannot be read. Blocks.
    pub(crate) fn thumbprint(&self) -> String {
        current_thumbprint(&self.state)
    }

    /// SHA-256 of every certificate whose key this node holds. Blocks.
    pub(crate) fn thumbprints(&self) -> Vec<String> {
        held(&self.state)
    }

    /// What opens the credential keys: what was given since the start, or what is at hand. Blocks.
    ///
    /// # Errors
    /// `SL5007` for a file that cannot be used.
    pub(crate) fn passphrase(&self) -> Result<Option<Passphrase>, Fault> {
        let given = self.passphrase.lock().unwrap_or_else(PoisonError::into_inner).clone();
        at_hand(&self.state, given.as_ref().or(self.options.passphrase.as_ref()))
    }

    /// Notes what opens the credential keys.
    pub(crate) fn remember(&self, passphrase: Passphrase) {
        *self.passphrase.lock().unwrap_or_else(PoisonError::into_inner) = Some(passphrase);
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("node", &self.identity.node)
            .finish_non_exhaustive()
    }
}

/// A component that is started after the hub was made.
pub(crate) struct Peer<A: Component>(OnceLock<Handle<A>>);

impl<A> Peer<A>
where
    A: Component + Actor<Context = Ctx<A>>,
{
    pub(crate) fn unset() -> Self {
        Self(OnceLock::new())
    }

    /// Introduces the component; only the first one counts.
    pub(crate) fn set(&self, handle: Handle<A>) {
        if self.0.set(handle).is_err() {
            tracing::error!(component = A::NAME, "A component was introduced twice.");
        }
    }

    pub(crate) fn get(&self) -> Option<&Handle<A>> {
        self.0.get()
    }

    /// Sends a message that may get lost; says whether it was taken.
    pub(crate) fn tell<M>(&self, message: M) -> bool
    where
        A: Handler<M>,
        M: Message + std::marker::Send + 'static,
        M::Result: std::marker::Send,
    {
        let Some(handle) = self.0.get() else { return false };
        match handle.tell(message) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(component = A::NAME, %error, "A component did not take a message.");
                false
            }
        }
    }

    /// Sends a message and waits for its answer.
    ///
    /// # Errors
    /// `SL8003` when there is none.
    pub(crate) async fn ask<M>(&self, message: M, deadline: std::time::Duration) -> Result<M::Result, Fault>
    where
        A: Handler<M>,
        M: Message + std::marker::Send + 'static,
        M::Result: std::marker::Send,
    {
        let no_answer = |why: String| Fault::new(Code::ComponentRestarted, format!("{}: {why}", A::NAME));
        let handle = self
            .0
            .get()
            .ok_or_else(|| no_answer("it is not started yet".to_owned()))?;
        handle
            .ask(message, deadline)
            .await
            .map_err(|error| no_answer(error.to_string()))
    }
}

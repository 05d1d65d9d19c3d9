//! Starting and ending an agent.

use crate::admin::LocalAdmin;
use crate::connector::Connectors;
use crate::endpoint::{CredentialEndpoint, Served};
use crate::health::{Board, HealthMonitor};
use crate::hub::{Hub, Peer};
use crate::identity::{Addresses, Identity, InTurn, broker_channel, client_config};
use crate::journal::Journal;
use crate::link::{LinkState, QueueListener};
use crate::looker::Looker;
use crate::options::{AgentOptions, Tuning};
use crate::policy::{Connecting, PolicyKeeper};
use crate::probe::Prober;
use crate::receipts::Receipts;
use crate::scheduler::{Helpers, JobScheduler, Limits, LiveJobs, Places, Stop};
use crate::secrets::SecretCache;
use crate::state::{StateDir, StateLock};
use crate::updater::Updater;
use crate::vault::{Vault, tidy};
use actix::Actor;
use sluice_channel::AmqpOptions;
use sluice_channel::ControlChannel;
use sluice_contract::message::Cancelled;
use sluice_contract::{Code, Envelope, Fault, Message};
use sluice_net::{Network, ProxyState};
use sluice_runtime::{Component, Ctx, Handle, Placement, Root};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The thread of the components that hardly ever have anything to do.
const SMALL: &str = "agent";

/// A running agent.
pub struct Agent {
    hub: Arc<Hub>,
    /// The components, in the order they were started.
    started: Vec<String>,
    credentials: Option<SocketAddr>,
    _lock: StateLock,
}

impl Agent {
    /// Starts an agent with default [`Tuning`].
    ///
    /// # Errors
    /// See [`Agent::start_with`].
    pub async fn start(options: AgentOptions, root: &Root) -> Result<Self, Fault> {
        Self::start_with(options, Tuning::default(), root).await
    }

    /// Starts an agent. It returns as soon as its components run; the connection to the factory is made by them, and
    /// made again for as long as the agent runs.
    ///
    /// # Errors
    /// `SL2005` when the node is not registered, `SL2008` when another agent uses the state directory, `SL5007` and
    /// `SL8006` when its files cannot be used, `SL8001` when the ledger cannot be opened.
    pub async fn start_with(options: AgentOptions, tuning: Tuning, root: &Root) -> Result<Self, Fault> {
        let root = root.clone();
        let runtime = tokio::runtime::Handle::current();
        let prepare = move || prepare(options, tuning, root, runtime);
        let (hub, lock) = tokio::task::spawn_blocking(prepare)
            .await
            .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("the agent did not start: {e}"))))?;
        let hub = Arc::new(hub);
        let mut started = Vec::new();
        hub.vault
            .set(supervise::<Vault>(&hub, &mut started, Placement::OwnThread));
        hub.health
            .set(supervise::<HealthMonitor>(&hub, &mut started, Placement::Shared(SMALL)));
        hub.updater
            .set(supervise::<Updater>(&hub, &mut started, Placement::Shared(SMALL)));
        hub.prober
            .set(supervise::<Prober>(&hub, &mut started, Placement::Shared(SMALL)));
        hub.looker
            .set(supervise::<Looker>(&hub, &mut started, Placement::Shared(SMALL)));
        hub.scheduler
            .set(supervise::<JobScheduler>(&hub, &mut started, Placement::OwnThread));
        supervise::<LocalAdmin>(&hub, &mut started, Placement::Shared(SMALL));
        let mut credentials = None;
        if let Some(address) = hub.options.credentials {
            let shared = Arc::clone(&hub);
            let open = move || Served::open(&shared, address);
            let served = tokio::task::spawn_blocking(open)
                .await
                .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("the endpoint did not open: {e}"))))?;
            credentials = Some(served.address);
            started.push(CredentialEndpoint::NAME.to_owned());
            hub.root
                .supervise::<CredentialEndpoint>(CredentialEndpoint::NAME, served, Placement::Shared(SMALL));
        }
        // Last: with it the first messages come in.
        hub.listener
            .set(supervise::<QueueListener>(&hub, &mut started, Placement::OwnThread));
        tracing::info!(
            gateway = hub.identity.gateway_name,
            node = hub.identity.node_name,
            slots = hub.places.now().slots,
            "The agent has started."
        );
        Ok(Self {
            hub,
            started,
            credentials,
            _lock: lock,
        })
    }

    /// The node's id.
    pub fn node(&self) -> &str {
        self.hub.identity.node.as_str()
    }

    /// Where the credential endpoint listens, with the real port.
    pub fn credentials(&self) -> Option<SocketAddr> {
        self.credentials
    }

    /// Takes no new jobs, waits for the copies that run (see [`Tuning::drain`]), stops those that are left, and closes the
    /// link. A stopped copy commits nothing; the factory gives its job out again.
    pub async fn shutdown(self) {
        let limit = self.hub.tuning.drain;
        self.shutdown_within(limit).await;
    }

    /// The same with another limit for the copies that run.
    pub async fn shutdown_within(self, limit: Duration) {
        let hub = &self.hub;
        hub.places.drain("the agent shuts down");
        // Others do the work of a helper that goes.
        hub.helpers.iter().for_each(|help| help.stop.cancel());
        if timeout(limit, hub.live.all_left()).await.is_err() {
            for live in hub.live.list() {
                live.request_stop(Stop::ShuttingDown);
            }
            // A copy that publishes cannot be stopped; it is given the same time once more.
            let rest = hub.tuning.grace.max(limit) + Duration::from_secs(1);
            if timeout(rest, hub.live.all_left()).await.is_err() {
                tracing::error!(
                    copies = hub.live.len(),
                    "Copies did not stop in time and are abandoned."
                );
            }
        }
        self.hand_over().await;
        hub.closing.cancel();
        for connector in hub.connectors.list() {
            hub.root.retire(&crate::connector::id(&connector.name)).await;
        }
        for id in self.started.iter().rev() {
            if let Some((took, false)) = hub.root.retire(id).await {
                tracing::warn!(id, took_ms = took.as_millis(), "A component did not stop in time.");
            }
        }
        tracing::info!(node = hub.identity.node_name, "The agent has stopped.");
    }

    /// The shared state, for tests.
    #[cfg(test)]
    pub(crate) fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.hub)
    }

    /// Gives the outcomes of the last copies a moment to get through. Those that do not are in the ledger.
    async fn hand_over(&self) {
        let hub = &self.hub;
        let acknowledged = async {
            while hub.link.is_connected() && hub.journal.counts().await.is_ok_and(|counts| counts.outbox > 0) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if timeout(Duration::from_secs(5), acknowledged).await.is_err() {
            tracing::warn!("Outcomes are left in the ledger; they are sent at the next start.");
        }
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.hub.fmt(f)
    }
}

/// Everything that touches the disk. Blocks.
fn prepare(
    options: AgentOptions,
    tuning: Tuning,
    root: Root,
    runtime: tokio::runtime::Handle,
) -> Result<(Hub, StateLock), Fault> {
    let state = StateDir::at(&options.state_dir);
    let identity = Identity::load(&state)?;
    let state = StateDir::create(&options.state_dir)?;
    let lock = StateLock::take(&state)?;
    tidy(&state, options.passphrase.as_ref())?;
    let addresses = Arc::new(Addresses::load(&state, &identity)?);
    let proxy = ProxyState::default();
    let passphrase = crate::vault::at_hand(&state, options.passphrase.as_ref())?;
    let set = crate::proxy::load(&state, passphrase.as_ref());
    match &set {
        Ok(Some(set)) => tracing::info!(proxy = set.place(), "The factory and HTTP are reached through a proxy."),
        Ok(None) => {}
        Err(fault) => {
            tracing::error!(%fault, "The proxy's settings cannot be used: nothing goes out that would use it.")
        }
    }
    proxy.set(set);
    let outward = Network::trusted(proxy.clone());
    let (channel, endpoint) = match broker_channel(&state, &identity, &tuning, &outward)? {
        Some((channel, endpoint)) => (channel, Some(endpoint)),
        None => (own_endpoint(&state, &identity, &addresses, &tuning, &outward)?, None),
    };
    let policy = Arc::new(PolicyKeeper::new(&state, options.policy.as_deref()));
    let board = Arc::new(Board::default());
    let cut_off = || {
        let message = Message::JobCancelled(Cancelled::default());
        Envelope::new(identity.gateway.clone(), &message).node(identity.node.clone())
    };
    let journal = Journal::open(&state.ledger(), Arc::clone(&board), cut_off)?;
    let hub = Hub {
        root,
        runtime,
        channel,
        journal,
        board,
        link: LinkState::new(&endpoint.clone().unwrap_or_else(|| addresses.current())),
        addresses,
        by_broker: endpoint.is_some(),
        places: Places::new(options.slots),
        limits: Limits::load(&state, options.memory_budget, options.slots)?,
        live: LiveJobs::default(),
        helpers: Helpers::default(),
        connectors: Connectors::default(),
        receipts: Receipts::open(&state, &identity, options.receipts)?,
        closing: CancellationToken::new(),
        network: Network::new(
            Arc::new(Connecting(Arc::clone(&policy))),
            Arc::clone(&options.lookup),
            proxy,
        ),
        outward,
        policy,
        secrets: SecretCache::default(),
        passphrase: Mutex::new(None),
        identity,
        state,
        options,
        tuning,
        listener: Peer::unset(),
        scheduler: Peer::unset(),
        vault: Peer::unset(),
        prober: Peer::unset(),
        looker: Peer::unset(),
        updater: Peer::unset(),
        health: Peer::unset(),
    };
    Ok((hub, lock))
}

/// The factory's own endpoint, at whichever of its replicas answers.
fn own_endpoint(
    state: &StateDir,
    identity: &Identity,
    addresses: &Arc<Addresses>,
    tuning: &Tuning,
    outward: &Network,
) -> Result<Arc<dyn ControlChannel>, Fault> {
    let options = AmqpOptions {
        endpoint: identity.amqp_endpoint.clone(),
        tls: client_config(state)?,
        peer: sluice_channel::Peer {
            gateway: identity.gateway.clone(),
            node: identity.node.clone(),
        },
        idle_timeout: tuning.idle_timeout,
        deadline: tuning.deadline,
        network: outward.clone(),
    };
    Ok(Arc::new(InTurn::new(Arc::clone(addresses), options)))
}

/// Starts a component under its name.
fn supervise<A>(hub: &Arc<Hub>, started: &mut Vec<String>, at: Placement) -> Handle<A>
where
    A: Component<Deps = Arc<Hub>> + Actor<Context = Ctx<A>>,
{
    started.push(A::NAME.to_owned());
    hub.root.supervise(A::NAME, Arc::clone(hub), at)
}

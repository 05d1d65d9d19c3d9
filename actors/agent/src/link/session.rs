//! One session: from the connection to the first error on it.

use super::clock::FactoryClock;
use super::component::{QueueListener, SessionUp};
use super::control::take_control;
use super::heartbeat::{Beats, beat};
use super::jobs::take_jobs;
use super::outbox::send_outcomes;
use crate::hub::Hub;
use crate::scheduler::{Welcomed, reconcile};
use crate::{machine, updater};
use sluice_channel::{Address, Inbox, Link, Outbox, SendError, Settle};
use sluice_contract::enrol::ReplicaAddress;
use sluice_contract::message::{Hello, Welcome};
use sluice_contract::{Code, Envelope, Fault, Message as Wire, Object};
use sluice_runtime::Handle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// Control messages on their way at the same time.
const CONTROL_CREDIT: u32 = 32;
/// Messages that wait to be sent.
const QUEUE: usize = 1024;
/// The longest a link may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// What the parts of a session share.
pub(super) struct Shared {
    pub(super) hub: Arc<Hub>,
    pub(super) clock: FactoryClock,
    pub(super) beats: Beats,
    pub(super) heartbeat: Duration,
    events: Box<dyn Outbox>,
    epoch: u64,
    sequence: AtomicU64,
}

/// A session that the factory has welcomed.
pub(super) struct Session {
    shared: Shared,
    link: Box<dyn Link>,
    control: Box<dyn Inbox>,
    jobs: Box<dyn Inbox>,
    credit: u32,
    queue: mpsc::Receiver<Envelope>,
    early: Vec<Envelope>,
}

impl Session {
    /// Connects, says hello and waits for the welcome.
    ///
    /// # Errors
    /// `SL3001`, `SL3002`, `SL3003`, `SL3006`.
    pub(super) async fn open(hub: &Arc<Hub>, listener: &Handle<QueueListener>) -> Result<Self, Fault> {
        let limit = hub.tuning.deadline;
        let mut link = within(limit, "connecting", hub.channel.connect()).await?;
        let identity = &hub.identity;
        let address = Address::Control {
            gateway: identity.gateway.clone(),
            node: identity.node.clone(),
        };
        let mut control = within(
            limit,
            "attaching to the control queue",
            link.consume(&address, CONTROL_CREDIT),
        )
        .await?;
        let address = Address::Events {
            gateway: Some(identity.gateway.clone()),
        };
        let events = within(limit, "attaching to the events queue", link.publisher(&address)).await?;

        let held = Arc::clone(hub);
        let held = tokio::task::spawn_blocking(move || (held.thumbprint(), held.thumbprints()));
        let hello = hub.envelope(&Wire::GatewayHello(hello(hub, held.await.unwrap_or_default())));
        let asked = Instant::now();
        events
            .send(&hello, limit)
            .await
            .map_err(|e| e.into_fault().context("sending the hello"))?;
        let mut early = Vec::new();
        let welcome = within(
            limit,
            "waiting for the welcome",
            welcome(control.as_mut(), &hello.id, &mut early),
        )
        .await?;
        let clock = FactoryClock::at(welcome.server_time);
        let epoch = welcome.epoch;
        tracing::info!(
            epoch,
            heartbeat_s = welcome.heartbeat_s,
            "The factory has welcomed this node."
        );
        if let Some(limit) = welcome
            .concurrent_jobs_limit
            .filter(|limit| *limit != hub.places.now().slots)
        {
            hub.places.set_slots(limit);
        }
        reconcile(&hub.live, welcome.reconcile, welcome.lease_s, asked);

        let credit = hub.places.now().free();
        let address = Address::Jobs {
            gateway: identity.gateway.clone(),
        };
        let jobs = within(limit, "attaching to the job queue", link.consume(&address, credit)).await?;
        let (sender, queue) = mpsc::channel(QUEUE);
        if let Err(error) = listener.tell(SessionUp(sender)) {
            return Err(Fault::new(
                Code::ComponentRestarted,
                format!("the queue listener: {error}"),
            ));
        }
        hub.link
            .welcomed(epoch, (!hub.by_broker).then(|| hub.addresses.current()));
        learn(hub, welcome.replicas).await;
        hub.scheduler.tell(Welcomed);
        let shared = Shared {
            hub: Arc::clone(hub),
            clock,
            beats: Beats::default(),
            heartbeat: Duration::from_secs(u64::from(welcome.heartbeat_s.max(1))),
            events,
            epoch,
            sequence: AtomicU64::new(0),
        };
        Ok(Self {
            shared,
            link,
            control,
            jobs,
            credit,
            queue,
            early,
        })
    }

    /// Serves until something breaks, and says what; `None` when it was closed because `closing` resolved.
    pub(super) async fn serve(self, closing: &mut (impl Future<Output = ()> + Unpin)) -> Option<Fault> {
        let Self {
            shared,
            mut link,
            control,
            jobs,
            credit,
            queue,
            early,
        } = self;
        let fault = tokio::select! {
            biased;
            () = closing => None,
            fault = link.closed() => Some(fault),
            fault = take_control(&shared, control, early, CONTROL_CREDIT) => Some(fault),
            fault = send_queue(&shared, queue) => Some(fault),
            fault = beat(&shared) => Some(fault),
            fault = send_outcomes(&shared) => Some(fault),
            fault = take_jobs(&shared, jobs, credit) => Some(fault),
        };
        if fault.is_none() {
            // Unsettled deliveries go back to the queue with the link.
            link.close(CLOSE).await;
        }
        fault
    }
}

/// Remembers where the factory is reached. That it cannot be written down is no reason to do without the session.
async fn learn(hub: &Arc<Hub>, replicas: Vec<ReplicaAddress>) {
    let addresses = Arc::clone(&hub.addresses);
    let learnt = tokio::task::spawn_blocking(move || addresses.learn(&replicas)).await;
    if let Ok(Err(fault)) = learnt {
        tracing::warn!(%fault, "The addresses of the factory's replicas could not be kept.");
    }
}

/// What became of a message that did not break the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The factory has it.
    Taken,
    /// The factory cannot take it now.
    NotNow,
    /// The factory has no use for it, now or later.
    Refused,
}

impl Shared {
    /// Sends an envelope in this session.
    ///
    /// # Errors
    /// When it is not certain whether it arrived; the link is not usable any more.
    pub(super) async fn send(&self, mut envelope: Envelope) -> Result<Sent, Fault> {
        envelope.epoch = self.epoch;
        envelope.seq = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        match self.events.send(&envelope, self.hub.tuning.deadline).await {
            Ok(()) => Ok(Sent::Taken),
            Err(SendError::Unknown(fault)) => Err(fault.context(format!("sending {}", envelope.kind))),
            Err(SendError::Unroutable(fault)) => {
                tracing::warn!(kind = envelope.kind, id = envelope.id, %fault, "The factory cannot take a message now.");
                Ok(Sent::NotNow)
            }
            Err(SendError::Rejected(fault) | SendError::TooLarge(fault)) => {
                tracing::error!(kind = envelope.kind, id = envelope.id, %fault, "The factory refused a message.");
                Ok(Sent::Refused)
            }
        }
    }
}

/// Sends what the components want to be sent.
async fn send_queue(shared: &Shared, mut queue: mpsc::Receiver<Envelope>) -> Fault {
    while let Some(envelope) = queue.recv().await {
        if let Err(fault) = shared.send(envelope).await {
            return fault;
        }
    }
    Fault::new(Code::ComponentRestarted, "the queue listener was restarted")
}

fn hello(hub: &Hub, vault: (String, Vec<String>)) -> Hello {
    Hello {
        version: updater::VERSION.to_owned(),
        os: machine::platform(),
        machine: machine::name(),
        certificate: vault.0,
        certificates: vault.1,
        instance: machine::instance().to_owned(),
        slots: hub.places.now().slots,
        running: hub.live.running(),
        extra: Object::new(),
    }
}

/// Waits for the welcome that answers our hello. What comes before it is kept for later.
async fn welcome(control: &mut dyn Inbox, hello: &str, early: &mut Vec<Envelope>) -> Result<Welcome, Fault> {
    loop {
        let delivery = control.next().await?;
        let envelope = delivery.envelope.clone();
        control.settle(delivery, Settle::Accept).await?;
        control.add_credit(1).await?;
        match envelope.message()? {
            Wire::KeyRevoked(revoked) if envelope.corr.as_deref() == Some(hello) => {
                return Err(Fault::new(Code::NodeUnknown, revoked.reason));
            }
            Wire::SessionWelcome(welcome) if envelope.corr.as_deref().is_none_or(|corr| corr == hello) => {
                return Ok(welcome);
            }
            // An answer to the hello of an earlier connection is of no use.
            Wire::SessionWelcome(_) => {}
            Wire::Error(error) if envelope.corr.as_deref() == Some(hello) => return Err(error.fault),
            _ => early.push(envelope),
        }
    }
}

async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(|fault| fault.context(what)),
        Err(_) => Err(Fault::new(
            Code::ChannelTimeout,
            format!("{what}: no answer within {} s", limit.as_secs()),
        )),
    }
}

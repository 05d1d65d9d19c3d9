//! What the agent says of itself.

use crate::connector::ConnectorStatus;
use crate::health::{Condition, NodeHealth, Severity, note_components, word};
use crate::hub::Hub;
use crate::journal::LedgerCounts;
use crate::link::{ChannelState, ChannelStatus};
use crate::scheduler::{LimitsStatus, LiveJob};
use crate::updater::VERSION;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, GatewayId, JobId, NodeId};
use sluice_runtime::{Health, Overall, Snapshot, Trouble};
use std::sync::Arc;

/// All about one agent at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The agent's version.
    pub version: String,
    /// The data factory's name.
    pub factory_name: String,
    /// The gateway.
    pub gateway: GatewayId,
    /// The gateway's name in its data factory.
    pub gateway_name: String,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub node_name: String,
    /// The machine's host name.
    pub machine: String,
    /// When it was registered.
    pub registered: DateTime<Utc>,
    /// SHA-256 (base64url) of the gateway's credential certificate.
    pub credential_certificate: String,
    /// In one word.
    pub health: NodeHealth,
    /// `Healthy` when every component works, no condition is an error and the vault is open, else `Degraded`.
    #[serde(default)]
    pub overall: String,
    /// The control channel.
    pub channel: ChannelStatus,
    /// What is wrong.
    pub conditions: Vec<Condition>,
    /// The components that are down.
    #[serde(default)]
    pub degraded: Vec<TroubleStatus>,
    /// The copies that run.
    pub jobs: Vec<JobStatus>,
    /// Places for jobs.
    pub slots: u32,
    /// Places that are free.
    pub slots_free: u32,
    /// Why no new job is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<String>,
    /// Why fewer jobs are taken than there are places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// What the copies share.
    #[serde(default)]
    pub limits: LimitsStatus,
    /// The ledger; `None` when it cannot be read.
    #[serde(default)]
    pub ledger: Option<LedgerCounts>,
    /// The stores in use.
    pub connectors: Vec<ConnectorStatus>,
    /// The components.
    pub components: Vec<ComponentStatus>,
}

/// A running copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStatus {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The pipeline.
    pub pipeline: String,
    /// The activity.
    pub activity: String,
    /// The linked service that is read.
    pub source: String,
    /// The linked service that is written.
    pub sink: String,
    /// `Running`, `Publishing` or `Stopping`.
    pub phase: String,
    /// Since when it runs here.
    pub started: DateTime<Utc>,
    /// Bytes that this copy may read in a second; none is no limit of its own.
    #[serde(default)]
    pub bandwidth: Option<u64>,
    /// How far it is.
    pub progress: CopyProgress,
}

/// A component that is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TroubleStatus {
    /// Its id.
    pub id: String,
    /// `failed` when it was given up; `backingOff` or `stalled` while it is being repaired.
    pub health: String,
    /// What it failed with, if that is known.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A supervised component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub component: String,
    /// `running`, `backingOff` ...
    pub health: String,
    /// Starts at 1 and grows with every restart.
    pub incarnation: u64,
    /// How often it was restarted.
    pub restarts: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages waiting.
    pub depth: usize,
    /// The last fault, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
}

/// Gathers it.
pub(super) async fn gather(hub: &Arc<Hub>) -> Status {
    let vault = Arc::clone(hub);
    let credential_certificate = tokio::task::spawn_blocking(move || vault.thumbprint())
        .await
        .unwrap_or_default();
    let components = hub.root.snapshot();
    note_components(&hub.board, &components);
    let conditions = hub.board.list();
    let degraded = match hub.root.overall() {
        Overall::Healthy => Vec::new(),
        Overall::Degraded { components } => components.into_iter().map(trouble).collect(),
    };
    let channel = hub.link.now();
    let capacity = hub.places.now();
    let identity = &hub.identity;
    Status {
        version: VERSION.to_owned(),
        factory_name: identity.factory_name.clone(),
        gateway: identity.gateway.clone(),
        gateway_name: identity.gateway_name.clone(),
        node: identity.node.clone(),
        node_name: identity.node_name.clone(),
        machine: crate::machine::name(),
        registered: identity.registered,
        credential_certificate,
        health: word(channel.state == ChannelState::Connected, &conditions),
        overall: match degraded.is_empty() && !conditions.iter().any(degrades) {
            true => "Healthy",
            false => "Degraded",
        }
        .to_owned(),
        channel,
        conditions,
        degraded,
        jobs: hub.live.list().iter().map(|live| job(live)).collect(),
        slots: capacity.slots,
        slots_free: capacity.free(),
        busy: capacity.busy(),
        draining: capacity.reason().cloned(),
        limits: hub.limits.now(),
        ledger: hub.journal.counts().await.ok(),
        connectors: hub.connectors.list(),
        components: components.iter().map(component).collect(),
    }
}

/// Whether jobs fail or wait because of it. A vault that waits for its passphrase is only a warning where it is raised: nothing is
/// broken, but no credential can be opened.
fn degrades(condition: &Condition) -> bool {
    condition.severity == Severity::Error || condition.code == Code::VaultLocked
}

fn job(live: &LiveJob) -> JobStatus {
    let mut ends = live.spec.endpoints();
    let (source, sink) = (ends.next(), ends.next());
    JobStatus {
        job: live.job.clone(),
        attempt: live.attempt,
        pipeline: live.spec.pipeline.clone(),
        activity: live.spec.activity.clone(),
        source: source.map(|end| end.name.clone()).unwrap_or_default(),
        sink: sink.map(|end| end.name.clone()).unwrap_or_default(),
        phase: live.phase_word().to_owned(),
        started: live.started,
        bandwidth: live.bandwidth.rate(),
        progress: live.progress(),
    }
}

fn trouble(trouble: Trouble) -> TroubleStatus {
    TroubleStatus {
        id: trouble.id,
        health: trouble.health.as_str().to_owned(),
        reason: trouble.reason,
    }
}

fn component((id, health, snapshot): &(String, Health, Snapshot)) -> ComponentStatus {
    ComponentStatus {
        id: id.clone(),
        component: snapshot.component.to_owned(),
        health: health.as_str().to_owned(),
        incarnation: snapshot.incarnation,
        restarts: snapshot.restarts.total(),
        handled: snapshot.counts.handled,
        depth: snapshot.depth,
        last_fault: snapshot.last_fault.clone(),
    }
}

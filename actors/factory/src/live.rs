//! What is known of nodes and jobs right now. Lost with the process, and told again by the nodes.

use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use sluice_contract::job::CopyProgress;
use sluice_contract::message::{ComponentState, Heartbeat, ProbeReply};
use sluice_contract::{JobId, NodeId};
use std::time::Instant;
use tokio::sync::{oneshot, watch};

/// What is known right now.
#[derive(Debug)]
pub(crate) struct Live {
    /// The last heartbeat of each connected node.
    nodes: DashMap<NodeId, NodeMetrics>,
    jobs: DashMap<JobId, LiveJob>,
    /// Probes that wait for their reply, by the request's id.
    probes: DashMap<String, (NodeId, oneshot::Sender<ProbeReply>)>,
    version: watch::Sender<u64>,
}

/// What a node said of its machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct NodeMetrics {
    pub(crate) cpu_percent: f32,
    pub(crate) memory_available: u64,
    pub(crate) jobs_running: usize,
    /// Places for jobs, and those that are free.
    pub(crate) slots: (u32, u32),
    /// Why it takes fewer jobs than it has places.
    pub(crate) busy: Option<String>,
    /// Its components, and how many more it has.
    pub(crate) components: (Vec<ComponentState>, u32),
}

/// How far a job is.
#[derive(Clone, Debug)]
pub(crate) struct LiveJob {
    /// The attempt's token; progress under another one is not of this attempt.
    token: u64,
    pub(crate) progress: CopyProgress,
    /// Bytes written per second, lately.
    pub(crate) rate: f64,
    measured: Instant,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            nodes: DashMap::new(),
            jobs: DashMap::new(),
            probes: DashMap::new(),
            version: watch::Sender::new(0),
        }
    }
}

impl Live {
    /// Something that the page shows has changed.
    pub(crate) fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Told of each change.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether somebody here waits for the reply to a probe.
    pub(crate) fn expects_probe(&self, request: &str) -> bool {
        self.probes.contains_key(request)
    }

    /// A node's heartbeat.
    pub(crate) fn heartbeat(&self, node: &NodeId, beat: &Heartbeat) {
        let metrics = NodeMetrics {
            cpu_percent: beat.cpu_percent,
            memory_available: beat.memory_available,
            jobs_running: beat.leases.len(),
            slots: (beat.slots, beat.slots_free),
            busy: beat.busy.clone(),
            components: (beat.components.clone(), beat.components_left_out),
        };
        self.nodes.insert(node.clone(), metrics);
    }

    /// What a node said last; nothing once it is gone.
    pub(crate) fn node(&self, node: &NodeId) -> Option<NodeMetrics> {
        self.nodes.get(node).map(|entry| entry.clone())
    }

    /// A node is gone.
    pub(crate) fn forget_node(&self, node: &NodeId) {
        self.nodes.remove(node);
        self.probes.retain(|_, (asked, _)| asked != node);
    }

    /// An attempt begins, or is known again after a restart.
    pub(crate) fn begin(&self, job: &JobId, token: u64) {
        let fresh = LiveJob {
            token,
            progress: CopyProgress::default(),
            rate: 0.0,
            measured: Instant::now(),
        };
        let mut entry = self.jobs.entry(job.clone()).or_insert_with(|| fresh.clone());
        if entry.token != token {
            *entry = fresh;
        }
    }

    /// Progress under a token; it is dropped when the token is not the current one.
    pub(crate) fn progress(&self, job: &JobId, token: u64, progress: CopyProgress) {
        let Some(mut entry) = self.jobs.get_mut(job).filter(|entry| entry.token == token) else {
            return;
        };
        let seconds = entry.measured.elapsed().as_secs_f64();
        if seconds > 0.2 {
            let bytes = progress.bytes_written.max(progress.bytes_read);
            let before = entry.progress.bytes_written.max(entry.progress.bytes_read);
            let now = bytes.saturating_sub(before) as f64 / seconds;
            // Smoothed, so that the page does not flicker.
            entry.rate = if entry.rate == 0.0 {
                now
            } else {
                entry.rate * 0.6 + now * 0.4
            };
            entry.measured = Instant::now();
        }
        entry.progress = progress;
    }

    /// How far a job is.
    pub(crate) fn job(&self, job: &str) -> Option<LiveJob> {
        self.jobs.get(&JobId::from(job)).map(|entry| entry.clone())
    }

    /// A job's attempt is over.
    pub(crate) fn end(&self, job: &JobId) {
        self.jobs.remove(job);
    }

    /// Waits for the reply to a probe.
    pub(crate) fn expect_probe(&self, request: &str, node: &NodeId) -> oneshot::Receiver<ProbeReply> {
        let (reply, answer) = oneshot::channel();
        self.probes.insert(request.to_owned(), (node.clone(), reply));
        answer
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget_probe(&self, request: &str) {
        self.probes.remove(request);
    }

    /// A reply arrived. It must come from the node that was asked.
    pub(crate) fn probe_reply(&self, request: &str, node: &NodeId, reply: ProbeReply) {
        if let Some((_, (_, waiter))) = self.probes.remove_if(request, |_, (asked, _)| asked == node) {
            // Whoever asked may have given up.
            let _ = waiter.send(reply);
        }
    }
}

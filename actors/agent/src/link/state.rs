//! How the control channel is doing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::Fault;
use tokio::sync::watch;

/// How far the channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelState {
    /// A connection is being made.
    Connecting,
    /// The factory has welcomed this node.
    Connected,
    /// There is none; it is tried again after a pause.
    Disconnected,
    /// The agent is shutting down.
    Closed,
}

/// The channel in the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStatus {
    /// How far it is.
    pub state: ChannelState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Host and port.
    pub endpoint: String,
    /// The session; 0 before the first.
    pub epoch: u64,
    /// When a heartbeat was answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<DateTime<Utc>>,
    /// Why the last connection failed or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Fault>,
}

/// The shared state of the channel; only the queue listener changes it.
#[derive(Debug)]
pub(crate) struct LinkState(watch::Sender<ChannelStatus>);

impl LinkState {
    pub(crate) fn new(endpoint: &str) -> Self {
        Self(watch::Sender::new(ChannelStatus {
            state: ChannelState::Disconnected,
            since: Utc::now(),
            endpoint: endpoint.to_owned(),
            epoch: 0,
            heard: None,
            last_error: None,
        }))
    }

    pub(crate) fn now(&self) -> ChannelStatus {
        self.0.borrow().clone()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.0.borrow().state == ChannelState::Connected
    }

    /// To be told when the channel comes or goes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<ChannelStatus> {
        self.0.subscribe()
    }

    pub(super) fn set(&self, state: ChannelState, error: Option<&Fault>) {
        self.0.send_modify(|status| {
            if status.state != state {
                status.since = Utc::now();
                status.state = state;
            }
            if let Some(error) = error {
                status.last_error = Some(error.clone());
            }
        });
    }

    /// The factory has welcomed this node, at an endpoint where it is not always the same.
    pub(super) fn welcomed(&self, epoch: u64, endpoint: Option<String>) {
        self.0.send_modify(|status| {
            if let Some(endpoint) = endpoint {
                status.endpoint = endpoint;
            }
            status.state = ChannelState::Connected;
            status.since = Utc::now();
            status.epoch = epoch;
            status.last_error = None;
        });
    }

    /// Nobody is told of this: it happens with every heartbeat.
    pub(super) fn heard(&self) {
        self.0.send_if_modified(|status| {
            status.heard = Some(Utc::now());
            false
        });
    }
}

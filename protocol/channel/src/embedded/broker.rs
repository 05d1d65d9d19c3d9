//! The queues behind the endpoint, by address.

use super::queue::Queue;
use crate::Address;
use dashmap::DashMap;
use sluice_contract::{GatewayId, NodeId};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much the endpoint takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time, those being opened included.
    pub connections: usize,
    /// Messages waiting or unsettled in one gateway's or one node's queue.
    pub queue: usize,
    /// Events of all nodes that the factory has not settled yet.
    pub events: usize,
    /// The memory for those events, in bytes.
    pub events_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            queue: 1_024,
            events: 16_384,
            events_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The unit in which memory for events is counted, in bytes.
const ROOM_UNIT: usize = 1024;

/// All queues.
pub(crate) struct Broker {
    jobs: DashMap<GatewayId, Arc<Queue>>,
    control: DashMap<(GatewayId, NodeId), Arc<Queue>>,
    pub(crate) events: Arc<Queue>,
    events_room: Arc<Semaphore>,
    queue_limit: usize,
}

impl Broker {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            jobs: DashMap::new(),
            control: DashMap::new(),
            events: Queue::new(limits.events),
            events_room: Arc::new(Semaphore::new(limits.events_bytes / ROOM_UNIT)),
            queue_limit: limits.queue,
        }
    }

    /// The queue behind an address; every gateway's events share one.
    pub(crate) fn queue(&self, address: &Address) -> Arc<Queue> {
        let new = || Queue::new(self.queue_limit);
        match address {
            Address::Jobs { gateway } => self.jobs.entry(gateway.clone()).or_insert_with(new).clone(),
            Address::Control { gateway, node } => {
                let key = (gateway.clone(), node.clone());
                self.control.entry(key).or_insert_with(new).clone()
            }
            Address::Events { .. } => self.events.clone(),
        }
    }

    /// Memory for one event of this size, if there is enough now.
    pub(crate) fn room_for_event(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT)).unwrap_or(u32::MAX);
        self.events_room.clone().try_acquire_many_owned(units).ok()
    }

    /// Forgets the queues that nobody uses and that hold nothing.
    pub(crate) fn tidy(&self) {
        self.jobs
            .retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.is_empty());
        self.control
            .retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.is_empty());
    }
}

//! Heartbeats: they keep the connection, and renew all leases.

use super::components::told;
use super::session::Shared;
use crate::machine::{self, CpuMeter};
use crate::scheduler::Gauge;
use sluice_contract::message::Heartbeat;
use sluice_contract::{Code, Fault, Message as Wire, Object};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// With so many heartbeats unanswered the factory does not work, though the connection may.
const UNANSWERED: usize = 3;

/// The heartbeats that are not answered yet, the oldest first, and when each was sent.
#[derive(Debug, Default)]
pub(super) struct Beats(Mutex<VecDeque<(String, Instant)>>);

impl Beats {
    fn sent(&self, id: String, at: Instant) -> usize {
        let mut beats = self.lock();
        beats.push_back((id, at));
        beats.len()
    }

    /// When the heartbeat was sent that this answers; `None` when it is not one of this session, or answered already.
    pub(super) fn answered(&self, id: Option<&str>) -> Option<Instant> {
        let mut beats = self.lock();
        let place = beats.iter().position(|(beat, _)| Some(beat.as_str()) == id)?;
        let at = beats.get(place)?.1;
        // Older ones will not be answered any more, or do not matter.
        beats.drain(..=place);
        Some(at)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a heartbeat now and after every interval, until one does not get through.
pub(super) async fn beat(shared: &Shared) -> Fault {
    let hub = &shared.hub;
    let (mut cpu, mut gauge) = (CpuMeter::default(), Gauge::default());
    let mut ticks = interval(shared.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (cpu_percent, memory_available) = (cpu.percent(), machine::memory_available());
        hub.places.set_pressure(gauge.look(cpu_percent, memory_available));
        let capacity = hub.places.now();
        let (components, components_left_out) = told(hub.root.snapshot());
        let envelope = hub.envelope(&Wire::GatewayHeartbeat(Heartbeat {
            slots_free: capacity.free(),
            slots: capacity.slots,
            cpu_percent,
            memory_available,
            busy: capacity.busy(),
            components,
            components_left_out,
            leases: hub.live.leases(),
            extra: Object::new(),
        }));
        // The lease is counted from before the sending: the factory cannot have renewed it earlier.
        let unanswered = shared.beats.sent(envelope.id.clone(), Instant::now());
        if unanswered > UNANSWERED {
            let text = format!("{} heartbeats in a row were not answered", unanswered - 1);
            return Fault::new(Code::ChannelTimeout, text);
        }
        if let Err(fault) = shared.send(envelope).await {
            return fault;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_answer_counts_from_its_own_heartbeat_and_once() {
        let beats = Beats::default();
        let first = Instant::now();
        let second = first + Duration::from_secs(20);
        assert_eq!(beats.sent("1".into(), first), 1);
        assert_eq!(beats.sent("2".into(), second), 2);
        assert_eq!(beats.answered(Some("x")), None);
        assert_eq!(beats.answered(None), None);
        assert_eq!(beats.answered(Some("2")), Some(second));
        assert_eq!(beats.answered(Some("1")), None);
        assert_eq!(beats.sent("3".into(), second), 1);
    }
}

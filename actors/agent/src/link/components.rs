//! This node's components, as heartbeats tell of them.

use sluice_contract::Object;
use sluice_contract::message::{ComponentState, Heartbeat};
use sluice_runtime::{Health, Snapshot};

type Seen = (String, Health, Snapshot);

/// The components, and how many more there are. Those that do not run come first, as they are what somebody looks for.
pub(super) fn told(mut seen: Vec<Seen>) -> (Vec<ComponentState>, u32) {
    seen.sort_by_key(|(_, health, _)| *health == Health::Running);
    let left_out = seen.len().saturating_sub(Heartbeat::COMPONENTS);
    seen.truncate(Heartbeat::COMPONENTS);
    let told = seen.into_iter().map(state).collect();
    (told, u32::try_from(left_out).unwrap_or(u32::MAX))
}

fn state((id, health, snapshot): Seen) -> ComponentState {
    let current = snapshot.current.as_ref();
    ComponentState {
        id,
        component: snapshot.component.to_owned(),
        health: health.as_str().to_owned(),
        cools_down: snapshot.escalation.is_some_and(|escalation| escalation.cools_down),
        restarts: snapshot.restarts.total(),
        depth: snapshot.depth as u64,
        capacity: snapshot.capacity as u64,
        handled: snapshot.counts.handled,
        message: current.map(|current| current.message.to_owned()),
        age_ms: current.map_or(0, |current| current.age_ns / 1_000_000),
        extra: Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_do_not_run_find_room() {
        let one = |id: usize, health| (id.to_string(), health, Snapshot::default());
        let mut seen: Vec<Seen> = (0..Heartbeat::COMPONENTS + 3)
            .map(|id| one(id, Health::Running))
            .collect();
        seen.push(one(99, Health::Failed));
        let (told, left_out) = told(seen);
        assert_eq!((told.len(), left_out), (Heartbeat::COMPONENTS, 4));
        assert_eq!((told[0].id.as_str(), told[0].health.as_str()), ("99", "failed"));
        assert_eq!(told[1].id, "0", "the others in their order");
    }
}

//! One word for a whole root, and a component that was given up is shown with its reason.

use std::sync::Arc;

use super::probe::{Boom, Count, Frail, Hardy, Probe};
use super::world::{PATIENCE, World, test, until};
use crate::{Health, Overall};

#[test]
fn one_component_down_is_degraded_and_a_restart_by_hand_heals_it() {
    test(async {
        let world = World::new();
        let good = world.start::<Probe<Hardy>>("good", Arc::default());
        let bad = world.start::<Probe<Frail>>("connector/sales", Arc::default());
        good.ask(Count {}, PATIENCE).await.unwrap();
        assert_eq!(world.root.overall(), Overall::Healthy);
        for _ in 0..3 {
            drop(bad.ask(Boom {}, PATIENCE).await);
        }
        until("it has failed", || bad.health() == Health::Failed).await;
        let Overall::Degraded { components } = world.root.overall() else {
            panic!("not degraded");
        };
        let [trouble] = &components[..] else {
            panic!("{components:?}");
        };
        assert_eq!((trouble.id.as_str(), trouble.component), ("connector/sales", "Probe"));
        assert_eq!(trouble.health, Health::Failed);
        let shown = world.root.overall().to_string();
        assert_eq!(
            shown,
            "degraded: connector/sales failed (panic while handling Boom: told to panic)"
        );
        let json = serde_json::to_value(world.root.overall()).unwrap();
        assert_eq!(json["overall"], "degraded");
        assert_eq!(json["components"][0]["health"], "failed");

        let metrics = bad.metrics();
        assert!(!metrics.escalation.as_ref().unwrap().cools_down);
        let panic = metrics.last_panic.unwrap();
        assert_eq!(
            (panic.message.as_str(), panic.handling),
            ("told to panic", Some("Boom"))
        );
        // The others are not concerned.
        assert_eq!(good.ask(Count {}, PATIENCE).await.unwrap(), (2, 1));

        assert!(world.root.restart("connector/sales"));
        assert_eq!(bad.ask(Count {}, PATIENCE).await.unwrap(), (1, 4));
        assert_eq!(world.root.overall(), Overall::Healthy);
        assert_eq!(bad.metrics().escalation, None);
        assert_eq!(bad.metrics().restarts.requested, 1);
        world.root.shutdown().await;
    });
}

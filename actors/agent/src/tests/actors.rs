//! Components as an administrator sees them: their figures, a restart by hand, one that was given up.

use super::factory::{Script, spec};
use super::node::World;
use super::{on_runtime, until};
use crate::{NodeHealth, Severity, admin};
use actix::Actor;
use sluice_contract::Code;
use sluice_runtime::{Component, Ctx, Exhausted, Health, Placement, RestartPolicy, supervised};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A component that fails for as long as it is told to.
struct Doomed;

impl Actor for Doomed {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        assert!(!ctx.deps().load(Ordering::Relaxed), "nothing good can come of this");
    }
}

impl Component for Doomed {
    const NAME: &'static str = "Doomed";
    type Deps = Arc<AtomicBool>;

    fn create(_: &Self::Deps) -> Self {
        Self
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: 1,
            on_exhausted: Exhausted::FailComponent,
            ..RestartPolicy::default()
        }
    }
}

supervised!(Doomed);

#[test]
fn a_component_that_was_given_up_limits_the_agent_until_it_is_restarted() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let directory = world.node.state_dir();
        let before = admin::status(&directory).await.unwrap();
        assert_eq!(
            (before.health, before.overall.as_str()),
            (NodeHealth::Online, "Healthy")
        );
        assert_eq!(before.degraded, []);

        let dooming = Arc::new(AtomicBool::new(true));
        let doomed = world
            .root
            .supervise::<Doomed>("Doomed", Arc::clone(&dooming), Placement::OwnThread);
        until("it to be given up", || {
            (doomed.health() == Health::Failed).then_some(())
        })
        .await;

        let status = admin::status(&directory).await.unwrap();
        assert_eq!(
            (status.health, status.overall.as_str()),
            (NodeHealth::Limited, "Degraded")
        );
        assert_eq!(status.degraded[0].id, "Doomed");
        let condition = &status.conditions[0];
        assert_eq!(
            (condition.code, condition.severity),
            (Code::ComponentDown, Severity::Error)
        );
        for word in ["Doomed", "nothing good can come of this"] {
            assert!(condition.text.contains(word), "{condition:?}");
        }
        let rows = admin::actors(&directory).await.unwrap();
        let row = rows.iter().find(|row| row.id == "Doomed").unwrap();
        assert_eq!((row.health.as_str(), row.restarts.escalated), ("failed", 1));
        assert!(
            row.reason
                .as_ref()
                .is_some_and(|reason| reason.contains("nothing good")),
            "{row:?}"
        );
        assert!(
            row.last_panic
                .as_ref()
                .is_some_and(|panic| panic.message.contains("nothing good")),
            "{row:?}"
        );

        // The agent works all the same.
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        world.factory.wait("job.completed", 1).await;

        dooming.store(false, Ordering::Relaxed);
        admin::restart(&directory, "Doomed").await.unwrap();
        until("it to run", || (doomed.health() == Health::Running).then_some(())).await;
        let after = admin::status(&directory).await.unwrap();
        assert_eq!((after.health, after.overall.as_str()), (NodeHealth::Online, "Healthy"));
        assert_eq!(after.conditions, []);
        world.end().await;
    });
}

#[test]
fn every_component_can_be_restarted_by_hand_and_only_those_that_are_there() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let directory = world.node.state_dir();
        let unknown = admin::restart(&directory, "NoSuch").await.unwrap_err();
        assert_eq!(unknown.code, Code::ComponentUnknown);
        assert!(unknown.message.contains("NoSuch"), "{unknown}");

        let rows = admin::actors(&directory).await.unwrap();
        assert!(rows.len() >= 6, "{rows:?}");
        for row in &rows {
            assert_eq!((row.health.as_str(), row.incarnation), ("running", 1), "{row:?}");
            assert!(row.capacity > 0, "{row:?}");
        }
        // The one that answers is among them.
        for row in rows {
            admin::restart(&directory, &row.id).await.unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                let rows = admin::actors(&directory).await.unwrap_or_default();
                let now = rows.into_iter().find(|now| now.id == row.id);
                if now.is_some_and(|now| now.health == "running" && now.restarts.requested == 1) {
                    break;
                }
                assert!(Instant::now() < deadline, "{} did not come back", row.id);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let page = admin::metrics(&directory).await.unwrap();
        let line = "sluice_actor_restarts_total{component=\"JobScheduler\",reason=\"requested\"} 1";
        assert!(page.contains(line), "{page}");
        world.end().await;
    });
}

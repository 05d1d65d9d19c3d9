//! The admin socket of a whole agent.

use super::factory::{Script, spec};
use super::node::{World, tuning};
use super::{on_runtime, until};
use crate::{Agent, AgentOptions, ChannelState, NodeHealth, admin};
use sluice_contract::Code;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_status_tells_all_about_a_running_agent() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        let directory = world.node.state_dir();
        let status = admin::status(&directory).await.unwrap();
        assert_eq!(
            (status.health, status.channel.state),
            (NodeHealth::Online, ChannelState::Connected)
        );
        assert_eq!(status.conditions, []);
        assert_eq!((status.slots, status.slots_free), (2, 1));
        assert_eq!(
            (status.gateway_name.as_str(), status.node.as_str()),
            ("warehouse", "node-1")
        );
        assert_eq!(
            (status.jobs[0].job.as_str(), status.jobs[0].phase.as_str()),
            ("job-1", "Running")
        );
        assert_eq!(status.ledger.unwrap().unfinished, 1);
        let names: Vec<_> = status
            .components
            .iter()
            .map(|component| component.component.as_str())
            .collect();
        for name in [
            "QueueListener",
            "JobScheduler",
            "CredentialVault",
            "Updater",
            "Health",
            "Connector",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(!status.credential_certificate.is_empty());
        let mode = std::fs::metadata(directory.join("admin.sock"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        admin::drain(&directory).await.unwrap();
        assert!(admin::status(&directory).await.unwrap().draining.is_some());
        admin::resume(&directory).await.unwrap();
        assert_eq!(admin::status(&directory).await.unwrap().draining, None);

        world.factory.embedded.shutdown().await;
        until("the loss", || (!world.hub().link.is_connected()).then_some(())).await;
        let status = admin::status(&directory).await.unwrap();
        assert_eq!(status.health, NodeHealth::Offline);
        assert!(status.channel.last_error.is_some());

        let second = AgentOptions {
            slots: 1,
            memory_budget: 1,
            ..AgentOptions::new(directory.clone(), Default::default())
        };
        let refused = Agent::start_with(second, tuning(), &world.root).await.unwrap_err();
        assert_eq!(refused.code, Code::StateLocked);
        world
            .agent
            .take()
            .unwrap()
            .shutdown_within(std::time::Duration::ZERO)
            .await;
        assert_eq!(
            admin::status(&directory).await.unwrap_err().code,
            Code::AdminUnreachable
        );
        world.end().await;
    });
}

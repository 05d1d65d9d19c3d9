//! A ledger that cannot be written: no job is accepted, and nothing is lost.

use super::factory::{Script, spec};
use super::node::World;
use super::store::ROWS;
use super::{on_runtime, until};
use crate::NodeHealth;
use crate::admin;
use sluice_contract::Code;

#[test]
fn no_job_is_accepted_and_no_outcome_lost_while_the_ledger_fails() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let other = rusqlite::Connection::open(world.node.state_dir().join("ledger.db")).unwrap();
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        other.execute_batch("ALTER TABLE jobs RENAME TO gone").unwrap();

        world.factory.dispatch_later("job-2", 1, spec("wait"));
        let hub = world.hub();
        until("the condition", || {
            hub.board.list().into_iter().find(|c| c.code == Code::LedgerFailed)
        })
        .await;
        world.shelf.go.send_replace(true);
        until("published rows", || (world.shelf.published() == ROWS).then_some(())).await;
        let status = admin::status(world.node.state_dir()).await.unwrap();
        assert_eq!((status.health, status.ledger), (NodeHealth::Limited, None));
        // The copy that is over keeps its lease until its outcome is safe.
        let beats = world.factory.all("gateway.heartbeat").len();
        let beat = world.factory.wait("gateway.heartbeat", beats + 2).await.pop().unwrap();
        assert_eq!(beat.data["leases"][0]["job"], "job-1");
        assert!(world.factory.all("job.completed").is_empty());
        assert_eq!(world.factory.claimed().len(), 1);

        other.execute_batch("ALTER TABLE gone RENAME TO jobs").unwrap();
        world.factory.wait("job.completed", 2).await;
        assert_eq!(world.shelf.published(), 2 * ROWS);
        until("the end of the condition", || hub.board.list().is_empty().then_some(())).await;
        world.end().await;
    });
}

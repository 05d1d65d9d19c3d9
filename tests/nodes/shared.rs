//! One large table, copied by all nodes of the gateway together; nodes that help die, or the one that leads.

use serde_json::{Value, json};
use sluice_tests::backend::{Backend, Line};
use sluice_tests::documents::{End, make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::for_each_backend;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::receipt::content;
use sluice_tests::rest::Rest;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(270);
const PARTITIONS: u32 = 24;
const ROWS: u32 = 36_000;

struct World {
    _line: Line,
    server: Postgres,
    factory: Factory,
    nodes: Vec<Gateway>,
    rest: Rest,
}

impl World {
    /// A table in 24 partitions, some four megabytes of it, and nodes that read 200 KB a second each.
    async fn start(backend: Backend, nodes: usize) -> Self {
        let (line, server) = (Line::start(backend), Postgres::start());
        let each = ROWS / PARTITIONS;
        server
            .sql(&format!(
                "CREATE TABLE big (id int8, text text) PARTITION BY RANGE (id);
                 DO $$ BEGIN FOR n IN 0..{PARTITIONS} - 1 LOOP EXECUTE format(
                     'CREATE TABLE big%s PARTITION OF big FOR VALUES FROM (%s) TO (%s)', n, n * {each}, (n + 1) * {each});
                 END LOOP; END $$;
                 INSERT INTO big SELECT g, repeat(md5(g::text), 3) FROM generate_series(0, {ROWS} - 1) g; ANALYZE"
            ))
            .await;
        let factory = line.factory();
        let mut nodes = line.nodes(&factory, "gw", nodes).await;
        for node in &mut nodes {
            node.kill9();
            node.boot_with(&["--resume-from", "1000"], &[]);
            node.online(&factory).await;
            node.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
        }
        Self {
            rest: factory.rest(),
            _line: line,
            server,
            factory,
            nodes,
        }
    }

    async fn start_copy(&self, to: &str) -> String {
        make_copy(
            &self.rest,
            "gw",
            to,
            &self.source(),
            &postgres_sink(&self.server, "public", to),
        )
        .await;
        self.rest.start(to).await
    }

    fn source(&self) -> End {
        let physical = json!({ "type": "PostgreSqlV2Source", "partitionOption": "PhysicalPartitionsOfTable" });
        postgres_source(&self.server, "public", "big").activity(physical)
    }

    async fn succeeds(&self, run: &str, to: &str) -> Value {
        let activity = self.rest.end_of(run, PATIENCE).await;
        let logs: String = self.nodes.iter().map(Gateway::log).collect();
        assert_eq!(
            activity["status"],
            "Succeeded",
            "{activity:#}\n{}\n{logs}",
            self.factory.log()
        );
        assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
        let differing = format!(
            "SELECT count(*) FROM ((TABLE big EXCEPT ALL TABLE {to}) UNION ALL (TABLE {to} EXCEPT ALL TABLE big)) x"
        );
        assert_eq!(self.server.one(&differing).await, "0", "{to}");
        let staged = "SELECT coalesce(string_agg(relname, ','), '') FROM pg_class WHERE relkind = 'r' \
                      AND relname LIKE '\\_sluice\\_%'";
        assert_eq!(self.server.one(staged).await, "", "{to}");
        activity
    }

    /// Waits until so many nodes help, and says which node leads and which help.
    async fn helped(&self, run: &str, helpers: usize) -> (usize, Vec<usize>) {
        until("nodes to help", Duration::from_secs(60), || async {
            let activity = self.rest.activity(run).await?;
            let leader = activity["attempts"].as_array()?.last()?["node"].as_str()?.to_owned();
            let leader = leader.trim_start_matches("node").parse::<usize>().ok()? - 1;
            let helping = (0..self.nodes.len())
                .filter(|node| *node != leader && self.nodes[*node].log().contains("This node helps with a copy"))
                .collect::<Vec<_>>();
            (helping.len() >= helpers).then_some((leader, helping))
        })
        .await
    }
}

for_each_backend! {
    async fn three_nodes_copy_one_table(backend: Backend) {
        let world = World::start(backend, 3).await;
        let run = world.start_copy("together").await;
        let (leader, helpers) = world.helped(&run, 2).await;
        let activity = world.succeeds(&run, "together").await;
        let shared = activity["output"]["shared"]["partitions"].as_u64().unwrap_or_default();
        assert!(shared >= 4, "only {shared} partitions were copied by other nodes: {activity:#}");
        for helper in helpers {
            let log = world.nodes[helper].log();
            assert!(log.contains("This node has helped with a copy"), "{log}");
        }
        // One alone, with the same rows and the same receipt of them.
        let mut world = world;
        let alone = world.nodes.remove(leader);
        world.nodes = vec![alone];
        world.nodes[0].ask(&["limit", "--bandwidth", "off"]).expect(0);
        let run = world.start_copy("alone").await;
        let one = world.succeeds(&run, "alone").await;
        assert!(one["output"]["shared"].is_null(), "{one:#}");
        assert_eq!(content(&one), content(&activity));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helping_node_dies_and_its_partitions_are_copied_by_others() {
    let mut world = World::start(Backend::Embedded, 2).await;
    let run = world.start_copy("copied").await;
    let (_, helpers) = world.helped(&run, 1).await;
    // In the middle of a partition.
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.nodes[helpers[0]].kill9();
    let activity = world.succeeds(&run, "copied").await;
    assert_eq!(activity["attempts"].as_array().unwrap().len(), 1, "{activity:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leading_node_dies_and_a_helper_takes_the_copy_over() {
    let mut world = World::start(Backend::Embedded, 2).await;
    let run = world.start_copy("copied").await;
    let (leader, _) = world.helped(&run, 1).await;
    // Until both have finished partitions.
    until("partitions to be finished", Duration::from_secs(60), || async {
        let activity = world.rest.activity(&run).await?;
        (activity["output"]["dataRead"].as_u64()? > 1_500_000).then_some(())
    })
    .await;
    world.nodes[leader].kill9();
    let activity = world.succeeds(&run, "copied").await;
    assert_eq!(activity["attempts"].as_array().unwrap().len(), 2, "{activity:#}");
    let resumed = &activity["output"]["resumed"];
    assert!(resumed["parts"].as_u64().is_some_and(|parts| parts > 0), "{activity:#}");
}

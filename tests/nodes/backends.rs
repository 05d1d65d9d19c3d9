//! What nodes of a gateway go through, over the factory's own endpoint and over a broker: copies, a cancel, a node that is
//! killed, one that is frozen for longer than its lease, a factory and a broker that are killed and come back.

use serde_json::{Value, json};
use sluice_tests::backend::Line;
use sluice_tests::documents::{make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::for_each_backend;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::Duration;

/// A run that lost its node waits for the end of the lease first.
const PATIENCE: Duration = Duration::from_secs(240);
const SOON: Duration = Duration::from_secs(90);

struct World {
    line: Line,
    postgres: Postgres,
    factory: Factory,
    nodes: Vec<Gateway>,
    rest: Rest,
}

impl World {
    /// A table `small` that is copied at once, and a table `big` of two megabytes that takes some ten seconds.
    async fn start(backend: sluice_tests::backend::Backend, nodes: usize) -> Self {
        let (line, postgres) = (Line::start(backend), Postgres::start());
        postgres
            .sql(
                "CREATE TABLE small AS SELECT g AS id, md5(g::text) AS text FROM generate_series(1, 100) g;
                 CREATE TABLE big AS SELECT g AS id, repeat(md5(g::text), 3) AS text FROM generate_series(1, 20000) g;",
            )
            .await;
        let factory = line.factory();
        let nodes = line.nodes(&factory, "gw", nodes).await;
        for node in &nodes {
            node.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
        }
        Self {
            rest: factory.rest(),
            line,
            postgres,
            factory,
            nodes,
        }
    }

    /// Makes a copy of a table into one of this name, and starts it.
    async fn start_copy(&self, from: &str, to: &str) -> String {
        let source = postgres_source(&self.postgres, "public", from);
        make_copy(
            &self.rest,
            "gw",
            to,
            &source,
            &postgres_sink(&self.postgres, "public", to),
        )
        .await;
        self.rest.start(to).await
    }

    /// Waits until a node works on the run, and has staged something; which one it is.
    async fn holder(&self, run: &str) -> usize {
        let name = until("a node to be in the middle of the copy", SOON, || async {
            let activity = self.rest.activity(run).await?;
            let attempt = activity["attempts"].as_array()?.last()?.clone();
            let moves = activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0;
            (attempt["status"] == "InProgress" && moves).then(|| attempt["node"].as_str().unwrap().to_owned())
        })
        .await;
        name.trim_start_matches("node").parse::<usize>().unwrap() - 1
    }

    /// The sink holds what the source does, and nothing but it is left in the database.
    async fn check(&self, from: &str, to: &str) {
        let differing = format!(
            "SELECT count(*) FROM ((TABLE {from} EXCEPT ALL TABLE {to}) UNION ALL (TABLE {to} EXCEPT ALL TABLE {from})) x"
        );
        assert_eq!(self.postgres.one(&differing).await, "0", "{to} is not {from}");
        self.nothing_is_staged().await;
    }

    async fn nothing_is_staged(&self) {
        let staged = "SELECT coalesce(string_agg(relname, ','), '') FROM pg_class WHERE relkind = 'r' \
                      AND relname LIKE '\\_sluice\\_%'";
        until("staging to be removed", Duration::from_secs(30), || async {
            (self.postgres.one(staged).await.is_empty()).then_some(())
        })
        .await;
    }

    async fn succeeds(&self, run: &str) -> Vec<(String, String)> {
        let activity = self.rest.end_of(run, PATIENCE).await;
        assert_eq!(activity["status"], "Succeeded", "{activity:#}\n{}", self.logs());
        attempts(&activity)
    }

    fn logs(&self) -> String {
        let nodes: String = self.nodes.iter().map(Gateway::log).collect();
        format!("{}\n{nodes}", self.factory.log())
    }
}

/// Node and result of every attempt.
fn attempts(activity: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attempts = activity["attempts"].as_array().unwrap().iter();
    attempts.map(|one| (text(&one["node"]), text(&one["status"]))).collect()
}

fn lost_then_succeeded(attempts: &[(String, String)], lost: usize) {
    let results: Vec<&str> = attempts.iter().map(|(_, result)| result.as_str()).collect();
    assert_eq!(results, ["Lost", "Succeeded"], "{attempts:?}");
    assert_eq!(attempts[0].0, format!("node{}", lost + 1), "{attempts:?}");
    assert_ne!(attempts[0].0, attempts[1].0, "{attempts:?}");
}

for_each_backend! {
    async fn jobs_are_shared_and_a_killed_nodes_job_goes_to_another(backend: Backend) {
        let mut world = World::start(backend, 2).await;
        let mut runs = Vec::new();
        for number in 0..6 {
            runs.push(world.start_copy("small", &format!("small{number}")).await);
        }
        for (number, run) in runs.iter().enumerate() {
            assert_eq!(world.succeeds(run).await.len(), 1);
            world.check("small", &format!("small{number}")).await;
        }

        let run = world.start_copy("big", "unwanted").await;
        world.holder(&run).await;
        world.rest.post(&format!("pipelineruns/{run}/cancel"), &json!({})).await.ok();
        let activity = world.rest.end_of(&run, SOON).await;
        assert_eq!(activity["status"], "Cancelled", "{activity:#}");
        world.nothing_is_staged().await;
        assert_eq!(world.postgres.one("SELECT to_regclass('unwanted')::text").await, "NULL");

        let run = world.start_copy("big", "copied").await;
        let killed = world.holder(&run).await;
        world.nodes[killed].kill9();
        lost_then_succeeded(&world.succeeds(&run).await, killed);
        world.check("big", "copied").await;

        // Back again, it does not take up what is done, and takes new jobs.
        world.nodes[killed].boot();
        let mut node = world.nodes.remove(killed);
        node.online(&world.factory).await;
        world.nodes.clear();
        let run = world.start_copy("small", "last").await;
        assert_eq!(world.succeeds(&run).await.len(), 1);
        world.check("big", "copied").await;
    }

    async fn a_node_frozen_for_longer_than_its_lease_harms_nothing(backend: Backend) {
        let mut world = World::start(backend, 2).await;
        let run = world.start_copy("big", "copied").await;
        let frozen = world.holder(&run).await;
        world.nodes[frozen].signal("STOP");
        lost_then_succeeded(&world.succeeds(&run).await, frozen);
        // Also while it sleeps, with its connections open, nothing of it is in the way.
        world.check("big", "copied").await;
        world.nodes[frozen].signal("CONT");
        let node = &world.nodes[frozen];
        until("the woken node to stop its copy", SOON, || async {
            let status = node.ask(&["status", "-o", "json"]).expect(0).json();
            let idle = status["jobs"].as_array().is_some_and(Vec::is_empty);
            (idle && status["channel"]["state"] == "Connected").then_some(())
        })
        .await;
        world.check("big", "copied").await;
        let activity = world.rest.activity(&run).await.unwrap();
        assert_eq!(activity["status"], "Succeeded");
        lost_then_succeeded(&attempts(&activity), frozen);
        world.nodes[frozen].assert_running();
    }

    async fn the_factory_and_what_carries_the_channel_may_be_killed_in_the_middle(backend: Backend) {
        let mut world = World::start(backend, 2).await;
        let run = world.start_copy("big", "copied").await;
        world.holder(&run).await;
        world.factory.kill9();
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.factory.restart();
        world.succeeds(&run).await;
        world.check("big", "copied").await;

        if backend == sluice_tests::backend::Backend::Rabbit {
            let run = world.start_copy("big", "again").await;
            world.holder(&run).await;
            world.line.broker.as_mut().unwrap().kill9();
            // What is asked for meanwhile waits for the broker.
            let queued = world.start_copy("small", "queued").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.line.broker.as_mut().unwrap().boot();
            world.succeeds(&run).await;
            world.succeeds(&queued).await;
            world.check("big", "again").await;
            world.check("small", "queued").await;
        }
        for node in &mut world.nodes {
            node.assert_running();
        }
    }
}

//! Several factories on one PostgreSQL database, as processes, with real nodes: they share the work, and one may die.

mod triggers;

use serde_json::{Value, json};
use sluice_tests::documents::{copy_pipeline, make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use sluice_tests::rest::Rest;
use std::time::Duration;

/// A run that loses its node waits for the end of a lease, and machines are loaded.
const PATIENCE: Duration = Duration::from_secs(300);
/// Copies under way when a replica dies.
const COPIES: usize = 8;
/// Runs of the pipeline that the factory runs by itself.
const LOOPS: usize = 4;

/// Two replicas, and the file of the database's password, which both read.
fn two(server: &Postgres) -> (Factory, Factory, tempfile::NamedTempFile) {
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), PASSWORD).unwrap();
    let url = format!("postgres://{USER}@127.0.0.1:{}/postgres", server.port);
    let file = password.path().display().to_string();
    let one = Factory::start_with(&["--state-url", &url, "--state-password-file", &file], &[]);
    let other = one.replica();
    (one, other, password)
}

/// A node at each of them. The one that a node registers at is the one that it connects to first.
async fn nodes(one: &Factory, other: &Factory) -> [Gateway; 2] {
    let key = one.rest().make_gateway("onprem").await;
    let mut first = Gateway::registered(one, "onprem").await;
    assert!(key.contains("ServiceEndpoint="), "{key}");
    let certificate = first.export();
    let keys = other
        .rest()
        .post("integrationRuntimes/onprem/listAuthKeys", &json!({}))
        .await
        .ok();
    let mut second = Gateway::second("onprem", keys["authKey1"].as_str().unwrap(), "node2", &certificate);
    first.boot();
    second.boot();
    // It is online when both nodes are, whichever replica is asked.
    first.online(one).await;
    first.online(other).await;
    [first, second]
}

/// Where a node is connected to.
fn endpoint(node: &Gateway) -> String {
    let state = node.ask(&["status", "-o", "json"]).expect(0).json();
    state["channel"]["endpoint"].as_str().unwrap().to_owned()
}

/// Loops with pauses to die in, and a list that tells when something was done twice.
fn loops() -> Value {
    let e = |text: &str| json!({ "type": "Expression", "value": text });
    let after = |name: &str| json!([{ "activity": name, "dependencyConditions": ["Succeeded"] }]);
    let append = json!({ "name": "Append", "type": "AppendVariable",
        "typeProperties": { "variableName": "list", "value": e("@string(item())") } });
    let wait = json!({ "name": "Pause", "type": "Wait", "dependsOn": after("Append"),
        "typeProperties": { "waitTimeInSeconds": 1 } });
    let each = json!({ "name": "Each", "type": "ForEach", "typeProperties": { "batchCount": 2,
        "items": e("@range(1, 16)"), "activities": [append, wait] } });
    let end = json!({ "name": "End", "type": "SetVariable", "dependsOn": after("Each"),
        "typeProperties": { "variableName": "count", "value": e("@length(variables('list'))") } });
    json!({ "properties": { "activities": [each, end],
        "variables": { "list": { "type": "Array" }, "count": { "type": "Integer" } } } })
}

async fn activity_ends(rest: &Rest, run: &str) -> Value {
    let activity = rest.end_of(run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    activity
}

async fn digest(server: &Postgres, table: &str) -> String {
    let query = format!("SELECT count(*) || ' ' || md5(string_agg(id || text, ',' ORDER BY id)) FROM {table}");
    server.one(&query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_replicas_is_killed_in_the_middle_of_runs() {
    // Each replica has up to 16 connections to the one, and copies theirs to the other.
    let (state, server) = (Postgres::start(), Postgres::start());
    server
        .sql(
            "CREATE TABLE big AS SELECT g AS id, repeat(md5(g::text), 3) AS text FROM generate_series(1, 9000) g;
             ALTER TABLE big ADD PRIMARY KEY (id)",
        )
        .await;
    let expected = digest(&server, "big").await;
    let (mut one, other, _password) = two(&state);
    let nodes = nodes(&one, &other).await;
    assert_eq!(
        (endpoint(&nodes[0]), endpoint(&nodes[1])),
        (one.amqp.clone(), other.amqp.clone())
    );
    for node in &nodes {
        node.ask(&["limit", "--bandwidth", "250KB/s"]).expect(0);
    }
    // Made at one, run at both.
    let (at_one, at_other) = (one.rest(), other.rest());
    let source = postgres_source(&server, "public", "big");
    let mut copies = Vec::new();
    for number in 0..COPIES {
        let name = format!("Copy{number}");
        make_copy(
            &at_one,
            "onprem",
            &name,
            &source,
            &postgres_sink(&server, "public", &format!("out{number}")),
        )
        .await;
        let rest = if number % 2 == 0 { &at_one } else { &at_other };
        copies.push(rest.start(&name).await);
    }
    at_other.put("pipelines/Loops", &loops()).await.ok();
    let mut running = Vec::new();
    for number in 0..LOOPS {
        let rest = if number % 2 == 0 { &at_one } else { &at_other };
        running.push(rest.start("Loops").await);
    }
    // Both nodes have work before one replica dies, in the middle of it.
    until("both nodes to work", PATIENCE, || async {
        let busy = state
            .one("SELECT count(DISTINCT node) FROM jobs WHERE state = 'leased'")
            .await;
        (busy == "2").then_some(())
    })
    .await;
    until("the loops to be under way", PATIENCE, || async {
        let begun = at_other.activities(&running[0]).await?.len();
        (begun >= 6).then_some(())
    })
    .await;
    one.kill9();

    for run in &running {
        let over = until("a run to end", PATIENCE, || async {
            at_other.run(run).await.filter(|run| !run["runEnd"].is_null())
        })
        .await;
        assert_eq!(over["status"], "Succeeded", "{over:#}");
        let rows = at_other.activities(run).await.unwrap();
        let of = |name: &str| rows.iter().filter(|row| row["activityName"] == name).count();
        assert_eq!((of("Append"), of("Pause"), of("Each"), of("End")), (16, 16, 1, 1));
        let end = rows.iter().find(|row| row["activityName"] == "End").unwrap();
        assert_eq!(end["output"]["value"], 16, "{end:#}");
    }
    for (number, run) in copies.iter().enumerate() {
        let activity = activity_ends(&at_other, run).await;
        assert_eq!(activity["output"]["rowsCopied"], 9000, "{activity:#}");
        assert_eq!(digest(&server, &format!("out{number}")).await, expected, "{activity:#}");
    }
    let succeeded = state
        .one("SELECT count(*) || ' of ' || count(DISTINCT job) FROM attempts WHERE result = 'Succeeded'")
        .await;
    assert_eq!(succeeded, format!("{COPIES} of {COPIES}"));
    let events = state
        .one(
            "SELECT count(*) FROM (SELECT job FROM outcomes WHERE accepted = 1 GROUP BY job HAVING count(*) > 1) twice",
        )
        .await;
    assert_eq!(events, "0");
    assert_eq!(
        endpoint(&nodes[0]),
        other.amqp,
        "the node has not gone to the replica that is left"
    );

    // It comes back, and what is done at one is seen at the other. Then the other dies.
    one.restart();
    let mut nodes = nodes;
    nodes[0].online(&one).await;
    let mut other = other;
    other.kill9();
    let run = at_one.start("Loops").await;
    at_one.put("pipelines/Again", &copy_again(&source, &server)).await.ok();
    let copy = at_one.start("Again").await;
    activity_ends(&at_one, &copy).await;
    let over = until("a run to end", PATIENCE, || async {
        at_one.run(&run).await.filter(|run| !run["runEnd"].is_null())
    })
    .await;
    assert_eq!(over["status"], "Succeeded", "{over:#}");
    for node in &mut nodes {
        node.assert_running();
        assert_eq!(endpoint(node), one.amqp);
    }
}

/// The pipeline of `Copy0` under another name: its documents are there.
fn copy_again(source: &sluice_tests::documents::End, server: &Postgres) -> Value {
    let mut pipeline = copy_pipeline("Copy0", source, &postgres_sink(server, "public", "out0"));
    pipeline["properties"]["activities"][0]["typeProperties"]["sink"]["preCopyScript"] = json!("TRUNCATE out0");
    pipeline
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_says_reaches_the_nodes_of_the_other() {
    let server = Postgres::start();
    server
        .sql("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await;
    let (one, other, _password) = two(&server);
    let mut nodes = nodes(&one, &other).await;
    // Only the node at the other replica is left.
    nodes[0].kill9();
    let rest = one.rest();
    until("the killed node to be missed", PATIENCE, || async {
        let status = rest.post("integrationRuntimes/onprem/getStatus", &json!({})).await.ok();
        (status["properties"]["state"] == "Limited").then_some(())
    })
    .await;
    make_copy(
        &rest,
        "onprem",
        "Copy",
        &postgres_source(&server, "public", "t"),
        &postgres_sink(&server, "public", "u"),
    )
    .await;
    let probed = rest
        .post("linkedservices/CopySource/testConnection", &json!({}))
        .await
        .ok();
    assert_eq!(
        (&probed["succeeded"], &probed["node"]),
        (&json!(true), &json!("node2")),
        "{probed:#}"
    );
    rest.succeed("Copy", PATIENCE).await;
    // A limit that is set here is kept there.
    let answer = rest
        .raw(
            "PATCH",
            &rest.path("integrationRuntimes/onprem/nodes/node2"),
            Some(&json!({ "concurrentJobsLimit": 7 }).to_string()),
        )
        .await;
    answer.ok();
    let second = &nodes[1];
    until("the limit to arrive", PATIENCE, || async {
        let state = second.ask(&["status", "-o", "json"]).expect(0).json();
        state.to_string().contains("\"slots\":7").then_some(())
    })
    .await;
    // Removed here, cut there.
    rest.delete("integrationRuntimes/onprem/nodes/node2").await.ok();
    until("the removed node to be cut", PATIENCE, || async {
        let state = second.ask(&["status", "-o", "json"]).expect(0).json();
        (state["channel"]["state"] != "Connected").then_some(())
    })
    .await;
}

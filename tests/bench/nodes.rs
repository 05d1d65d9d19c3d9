//! `BENCH_ONLY=nodes`: a table copied by the three nodes of a gateway together, and by one alone.
//!
//! The source is slow by nature: whatever connects to it is given so many bytes a second and no more, by a proxy. So connections are
//! what is short, and a node has a few of them; on a source that gives all it has to one node, or on a machine whose processors
//! all nodes share, three are not faster than one.

use serde_json::{Value, json};
use sluice_tests::documents::{make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use sluice_tests::proxy::Proxy;
use sluice_tests::receipt;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(300);
const PARTITIONS: u32 = 48;
const ROWS: u32 = 240_000;
/// Bytes a second that a connection gets.
const RATE: u64 = 1_000_000;

/// Gateways, and how many nodes each has.
const GATEWAYS: [(&str, usize); 2] = [("alone", 1), ("together", 3)];

/// Copies the table so many times by each, in turns.
pub(crate) async fn run(rounds: usize) {
    println!(
        "\nNodes: {ROWS} rows in {PARTITIONS} partitions, PostgreSQL to PostgreSQL, {} kB a second for each connection to the source",
        RATE / 1000
    );
    let server = Postgres::start();
    fill(&server).await;
    let proxy = Proxy::start(server.port);
    proxy.throttle(RATE);
    let factory = Factory::start();
    let rest = factory.rest();
    let mut running = Vec::new();
    for (gateway, nodes) in GATEWAYS {
        let mut all = Gateway::several(&factory, gateway, nodes).await;
        for node in &mut all {
            node.kill9();
            // So that partitions are kept in the sink, which sharing needs.
            node.boot_with(&["--resume-from", "1000"], &[]);
        }
        for node in &mut all {
            node.online(&factory).await;
        }
        running.push(all);
    }
    let physical = json!({ "type": "PostgreSqlV2Source", "partitionOption": "PhysicalPartitionsOfTable" });
    let source = postgres_source(&server, "public", "big")
        .activity(physical)
        .property("port", json!(proxy.port));
    let mut content = None;
    let mut seconds = GATEWAYS.map(|_| Vec::new());
    for round in 0..rounds {
        for (place, (gateway, nodes)) in GATEWAYS.into_iter().enumerate() {
            let to = format!("{gateway}{round}");
            make_copy(&rest, gateway, &to, &source, &postgres_sink(&server, "public", &to)).await;
            let run = rest.start(&to).await;
            let activity = rest.end_of(&run, DEADLINE).await;
            assert_eq!(activity["status"], "Succeeded", "{activity:#}");
            assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
            let shared = activity["output"]["shared"]["partitions"].as_u64().unwrap_or_default();
            assert_eq!(shared > 0, nodes > 1, "{activity:#}");
            // Whoever copied it, the same rows.
            let told = receipt::content(&activity);
            assert_eq!(content.get_or_insert_with(|| told.clone()), &told, "{to}");
            let took = activity["durationInMs"].as_f64().unwrap() / 1000.0;
            println!("  {gateway}: {took:.1} s, {shared} partitions by helping nodes");
            seconds[place].push(took);
        }
    }
    let [alone, together] = seconds.map(median);
    println!(
        "  medians: 1 node {alone:.1} s, 3 nodes {together:.1} s: {:.2} of the time; the same receipt of the rows each time",
        together / alone
    );
    println!("  {}", content.unwrap_or(Value::Null));
}

async fn fill(server: &Postgres) {
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
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

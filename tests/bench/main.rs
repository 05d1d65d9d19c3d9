//! `make bench`: copies beside what others need for the same work, in turns on the same machine and server.
//!
//! `BENCH_SF` is TPC-H's scale factor (1; `make bench-quick` takes 0.1), `BENCH_ROUNDS` how often everybody runs (3),
//! `BENCH_STATE` where the factory of `orchestrator` and `queries` keeps its state (sqlite,postgres), and
//! `BENCH_ONLY` names the rows to be run, with commas; `dispatch`, `growth`, `load`, `memory`, `nodes`, `orchestrator` and `queries` run
//! only when they are named; `BENCH_SCALES` says which scale factors `growth` takes (0.1,1,3). Prints tables in Markdown, for docs/benchmarks.md.
#![allow(clippy::unwrap_used)]

mod contest;
mod dispatch;
mod growth;
mod lineitem;
mod load;
mod mariadb;
mod memory;
mod nodes;
mod orchestrator;
mod place;
mod queries;
mod rows;

use lineitem::{Bench, megabytes};
use sluice_tests::python;

fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

#[tokio::main]
async fn main() {
    let scale = setting("BENCH_SF", "1");
    let rounds: usize = setting("BENCH_ROUNDS", "3").parse().expect("BENCH_ROUNDS is a number");
    let only = setting("BENCH_ONLY", "");
    let chosen = |name: &str| only.is_empty() || only.split(',').any(|word| word.trim() == name);
    if rows::MARIADB_ROWS.iter().any(|(name, _)| chosen(name)) {
        mariadb::hold(&scale, rounds, chosen).await;
    }
    let number = |name: &str, default: &str| setting(name, default).parse().expect("a number");
    // Those that compare with nobody are asked for by name.
    let named = |name: &str| !only.is_empty() && chosen(name);
    if named("dispatch") {
        dispatch::run(number("BENCH_RUNS", "1000")).await;
    }
    if named("queries") {
        for name in place::chosen(&setting("BENCH_STATE", "")) {
            queries::run(&place::Place::start(name), number("BENCH_RUNS", "100000")).await;
        }
    }
    if named("load") {
        let (nodes, gateways) = (number("BENCH_NODES", "5000"), number("BENCH_GATEWAYS", "200"));
        load::run(nodes, gateways, number("BENCH_JOBS", "10000")).await;
    }
    if named("growth") {
        growth::run(rounds).await;
    }
    if named("orchestrator") {
        for name in place::chosen(&setting("BENCH_STATE", "")) {
            orchestrator::run(&place::Place::start(name), number("BENCH_ITERATIONS", "5000") as u64).await;
        }
    }
    if named("nodes") {
        nodes::run(rounds).await;
    }
    if named("memory") {
        memory::run(number("BENCH_GB", "10") as u64).await;
    }
    if !rows::ROWS.iter().any(|(name, _)| chosen(name)) {
        return;
    }
    let bench = Bench::open(&scale).await;
    let count: u64 = bench.server.one("SELECT count(*) FROM lineitem").await.parse().unwrap();
    println!(
        "TPC-H lineitem of scale factor {scale}: {count} rows; medians of {rounds} rounds in turns; {}",
        machine()
    );
    for (name, contest) in rows::ROWS {
        if chosen(name) {
            contest(&bench, &scale)
                .hold(&bench.server, bench.dir.path(), rounds)
                .await;
        }
    }
    // A copy that is fast and wrong is no copy.
    for name in ["sluice.parquet", "duckdb.parquet"] {
        let file = bench.dir.path().join(name);
        if file.exists() {
            let facts = python::json("e2e/parquet_facts.py", &[file.to_str().unwrap(), "l_orderkey"]);
            assert_eq!(facts["rows"], count, "{name}");
            println!("\n{name}: {count} rows, {}", megabytes(&file));
        }
    }
    for table in ["made", "there"] {
        if bench
            .server
            .one(&format!("SELECT to_regclass('{table}') IS NOT NULL"))
            .await
            == "t"
        {
            let facts = |table: &str| {
                format!(
                    "SELECT concat_ws(' ', count(*), sum(l_orderkey), sum(l_partkey * l_linenumber), sum(l_extendedprice * l_tax), \
                     sum(l_shipdate - l_receiptdate), sum(hashtext(rtrim(l_shipmode) || l_comment)::int8)) FROM {table}"
                )
            };
            let (copied, original) = (
                bench.server.one(&facts(table)).await,
                bench.server.one(&facts("lineitem")).await,
            );
            assert_eq!(copied, original, "{table}");
        }
    }
}

/// Processors and memory.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':')
            .map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let kilobytes = value(&read("/proc/meminfo"), "MemTotal");
    let gigabytes = kilobytes
        .split(' ')
        .next()
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
        / 1024.0;
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{cores} cores ({}), {gigabytes:.0} GB, Linux {}",
        value(&read("/proc/cpuinfo"), "model name"),
        kernel.trim()
    )
}

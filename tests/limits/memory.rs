//! The budget bounds what a process really has, not only what it counts. Sizes are scaled to seconds; `make bench` has
//! the full ones.

use super::fill;
use serde_json::{Value, json};
use sluice_tests::binary;
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::python;
use std::path::Path;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
/// What `sluice copy` is given.
const BUDGET_MIB: u64 = 16;

/// The most memory that `sluice copy` had.
fn peak(folder: &Path, table: &str, sink: &str) -> u64 {
    let source = format!("sqlite:{}?table={table}", folder.join("shop.db").display());
    let sink = format!("file:{}", folder.join(sink).display());
    let (binary, memory) = (binary::path(), BUDGET_MIB.to_string());
    let args = [binary.to_str().unwrap(), "copy", &source, &sink, "--memory", &memory];
    let facts: Value = python::json("limits/peak.py", &args);
    assert_eq!(facts["code"], 0, "{facts:#}");
    facts["peak"].as_u64().unwrap()
}

#[test]
fn a_copy_stays_small_whatever_the_size_of_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    fill(&database, "tiny", 10, 100);
    fill(&database, "many", 600_000, 200);
    fill(&database, "wide", 120, MIB);
    let idle = peak(folder.path(), "tiny", "tiny.parquet");
    for (table, sink) in [("many", "many.parquet"), ("wide", "wide.parquet"), ("wide", "wide.csv")] {
        let more = peak(folder.path(), table, sink).saturating_sub(idle);
        // Each holds 120 MB and more: with no budget it would all be there.
        assert!(
            more < 4 * BUDGET_MIB * MIB,
            "{sink}: {} MiB more than for ten rows",
            more / MIB
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_at_the_same_time_share_their_nodes_budget() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    fill(&database, "wide", 60, MIB);
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let before = high_water(gateway.pid());
    let rest = factory.rest();
    let mut runs = Vec::new();
    for copy in ["One", "Two", "Three", "Four"] {
        let sink = file_parquet_sink(folder.path(), &format!("{copy}.parquet"));
        make_copy(&rest, "onprem", copy, &sqlite_source(&database, "wide"), &sink).await;
    }
    for copy in ["One", "Two", "Three", "Four"] {
        runs.push(rest.start(copy).await);
    }
    for run in runs {
        let activity = rest.end_of(&run, Duration::from_secs(120)).await;
        assert_eq!(activity["output"]["rowsCopied"], json!(60), "{activity:#}");
    }
    let limits = gateway.ask(&["status", "-o", "json"]).expect(0).json()["limits"].clone();
    assert_eq!(limits["memoryBudget"], json!(64 * MIB), "{limits}");
    assert_eq!(limits["memoryUsed"], json!(0), "{limits}");
    assert!(limits["memoryPeak"].as_u64().unwrap() <= 64 * MIB, "{limits}");
    let more = high_water(gateway.pid()) - before;
    assert!(more < 256 * MIB, "{} MiB for four copies", more / MIB);
}

/// The most memory that a process ever had.
fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

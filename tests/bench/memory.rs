//! The most memory that a gateway has in its whole life, while it copies far more than it may hold.
//!
//! `BENCH_GB` is the size of the table (10); the file has half of it.

use serde_json::json;
use sluice_tests::documents::{End, file_parquet_sink, make_copy, postgres_query};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const GB: u64 = 1_000_000_000;
/// Bytes of one generated row, as they come over the wire: eight texts of 122 bytes, and their frame.
const ROW: u64 = 1_000;
const DEADLINE: Duration = Duration::from_secs(3600);
/// The default of `gateway run`, in MiB.
const BUDGET: &str = "256";

/// Copies both and prints what it took.
pub(crate) async fn run(gigabytes: u64) {
    println!("\nMemory of the gateway's process with a budget of {BUDGET} MiB\n");
    println!("| copy | size | wall s | peak MB of the process |\n|---|--:|--:|--:|");
    let server = Postgres::start();
    let dir = tempfile::tempdir().unwrap();
    let rows = gigabytes * GB / ROW;
    // Made while it is read, so that only the copy needs room; texts that do not compress to nothing.
    let columns: Vec<String> = (1..8)
        .map(|i| format!("repeat(md5((g * {i})::text), 4)::varchar(122) AS c{i}"))
        .collect();
    let query = format!(
        "SELECT g AS id, md5(g::text) AS c0, {} FROM generate_series(1, {rows}) g",
        columns.join(", ")
    );
    let table = postgres_query(&server, &query);
    let (took, peak) = alone(&table, &file_parquet_sink(dir.path(), "big.parquet")).await;
    println!("| table to Parquet | {gigabytes} GB | {took:.0} | {peak:.0} |");
    std::fs::remove_file(dir.path().join("big.parquet")).unwrap();

    let size = gigabytes * GB / 2;
    fill(&dir.path().join("big.bin"), size);
    let (took, peak) = alone(
        &binary(dir.path(), "big.bin", "Source"),
        &binary(dir.path(), "copy.bin", "Sink"),
    )
    .await;
    assert_eq!(std::fs::metadata(dir.path().join("copy.bin")).unwrap().len(), size);
    println!(
        "| one file as it is | {} GB | {took:.0} | {peak:.0} |",
        size as f64 / GB as f64
    );
}

/// One copy by a gateway of its own: seconds, and its most memory in MB.
async fn alone(source: &End, sink: &End) -> (f64, f64) {
    let factory = Factory::start();
    let mut gateway = Gateway::registered(&factory, "bench").await;
    gateway.boot_sized(BUDGET, &[], &[]);
    gateway.online(&factory).await;
    let rest = factory.rest();
    make_copy(&rest, "bench", "big", source, sink).await;
    let begun = Instant::now();
    rest.succeed("big", DEADLINE).await;
    (begun.elapsed().as_secs_f64(), peak(gateway.pid()))
}

/// `VmHWM` in MB.
fn peak(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0 / 1e6
}

fn binary(folder: &Path, file: &str, end: &str) -> End {
    let way = if end == "Source" { "Read" } else { "Write" };
    End {
        service: "FileServer",
        properties: json!({ "host": folder }),
        dataset: "Binary",
        table: json!({ "location": { "type": "FileServerLocation", "fileName": file } }),
        activity: json!({ "type": format!("Binary{end}"), "storeSettings": { "type": format!("FileServer{way}Settings") } }),
    }
}

fn fill(path: &Path, size: u64) {
    let mut file = std::fs::File::create(path).unwrap();
    let piece: Vec<u8> = (0..1_000_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut left = size;
    while left > 0 {
        let part = left.min(piece.len() as u64);
        file.write_all(&piece[..part as usize]).unwrap();
        left -= part;
    }
}

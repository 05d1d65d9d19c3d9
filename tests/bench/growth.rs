//! How what a copy costs grows: with its rows, with its partitions, with its columns. PostgreSQL to Parquet.

use crate::contest::{Run, measure, median};
use crate::lineitem::Bench;

/// Scale factors of TPC-H's lineitem.
const SCALES: [&str; 3] = ["0.1", "1", "3"];
const PARTITIONS: [usize; 4] = [1, 2, 4, 8];
const COLUMNS: [u64; 5] = [1, 10, 50, 100, 200];

/// Values of each table that is made to count columns.
const VALUES: u64 = 10_000_000;

/// Runs all three, each copy so many times.
pub(crate) async fn run(rounds: usize) {
    let scales = std::env::var("BENCH_SCALES").unwrap_or_else(|_| SCALES.join(","));
    println!("\n## What more rows cost: lineitem, 16 columns, two partitions at a time\n");
    println!("| scale factor | rows | wall s | CPU s | peak MB | wall µs per row | CPU µs per row | to the first |");
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    let (mut first, mut kept) = (None, None);
    for scale in scales.split(',').map(str::trim) {
        let bench = Bench::open(scale).await;
        let rows = count(&bench, "lineitem").await;
        let of = copy(&bench, "lineitem", 2, rounds);
        line(scale, rows, rows, &of, &mut first);
        if scale == "1" || kept.is_none() {
            kept = Some(bench);
        }
    }
    if let Some(bench) = kept {
        partitions(&bench, rounds).await;
        columns(&bench, rounds).await;
    }
}

async fn partitions(bench: &Bench, rounds: usize) {
    println!("\n## What more partitions cost: the same table\n");
    println!("| at a time | rows | wall s | CPU s | peak MB | wall µs per row | CPU µs per row | to the first |");
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    let rows = count(bench, "lineitem").await;
    let mut first = None;
    for parallel in PARTITIONS {
        let of = copy(bench, "lineitem", parallel, rounds);
        line(&parallel.to_string(), rows, rows, &of, &mut first);
    }
}

async fn columns(bench: &Bench, rounds: usize) {
    println!("\n## What more columns cost: {VALUES} values of bigint, numeric and text in turns\n");
    println!("| columns | rows | wall s | CPU s | peak MB | wall µs per value | CPU µs per value | to the first |");
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut first = None;
    for columns in COLUMNS {
        let rows = VALUES / columns;
        let list: Vec<String> = (1..=columns)
            .map(|column| match column % 3 {
                1 => format!("i * {column} AS c{column}"),
                2 => format!("(i * {column} % 1000003 / 100.0)::numeric(12,2) AS c{column}"),
                _ => format!("'text ' || i * {column} % 10007 AS c{column}"),
            })
            .collect();
        let made = format!(
            "DROP TABLE IF EXISTS wide; CREATE UNLOGGED TABLE wide AS SELECT {} FROM generate_series(1::int8, {rows}) i",
            list.join(", ")
        );
        bench.server.sql(&made).await;
        bench.server.sql("VACUUM (ANALYZE) wide").await;
        let of = copy(bench, "wide", 2, rounds);
        line(&columns.to_string(), rows, rows * columns, &of, &mut first);
    }
}

async fn count(bench: &Bench, table: &str) -> u64 {
    let count = bench.server.one(&format!("SELECT count(*) FROM {table}")).await;
    count.parse().expect("a count is a number")
}

/// The median of some runs.
fn copy(bench: &Bench, table: &str, parallel: usize, rounds: usize) -> Run {
    let to = format!("file:{}", bench.file("growth.parquet"));
    let script = bench
        .copy(&bench.table(table), &to)
        .replacen("--parallel 2", &format!("--parallel {parallel}"), 1);
    let runs: Vec<Run> = (0..rounds).map(|_| measure(&script, bench.dir.path())).collect();
    median(&runs)
}

/// Prints one line; `units` are what the cost is divided by, and the last column says how much CPU time one takes beside
/// the table's first line: 1 is linear, less is better.
fn line(name: &str, rows: u64, units: u64, run: &Run, first: &mut Option<f64>) {
    let per = |seconds: f64| seconds * 1e6 / units as f64;
    let ratio = per(run.cpu) / *first.get_or_insert(per(run.cpu));
    println!(
        "| {name} | {rows} | {:.2} | {:.2} | {:.0} | {:.3} | {:.3} | {ratio:.2} |",
        run.wall,
        run.cpu,
        run.mb,
        per(run.wall),
        per(run.cpu)
    );
}

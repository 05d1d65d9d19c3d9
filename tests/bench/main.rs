//! `make bench`: PostgreSQL to Parquet, `sluice copy` beside DuckDB, in turns on the same server and the same machine.
//!
//! Prints one line per run and the ratio of the medians. Wall times depend on what else the machine does; CPU seconds are the
//! client's own (user and system).
#![allow(clippy::unwrap_used)]

use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use sluice_tests::{binary, python, root, test_env};
use std::process::{Command, Stdio};

/// Seconds of one run.
#[derive(Clone, Copy, Debug)]
struct Seconds {
    wall: f64,
    cpu: f64,
}

/// Runs a command to its end under the shell's `time`.
fn time(command: &Command) -> Seconds {
    let mut shell = Command::new("bash");
    shell
        .args([
            "-c",
            "TIMEFORMAT='%R %U %S'; time \"$@\" 2>/dev/null >/dev/null",
            "time",
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().expect("bash runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {text}");
    let line = text.lines().next_back().unwrap_or_default();
    let times: Vec<f64> = line.split_whitespace().map(|word| word.parse().unwrap()).collect();
    Seconds {
        wall: times[0],
        cpu: times[1] + times[2],
    }
}

fn median(runs: &[Seconds], of: impl Fn(&Seconds) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[tokio::main]
async fn main() {
    let (rows, rounds) = (setting("BENCH_ROWS", 3_000_000), setting("BENCH_ROUNDS", 3));
    println!("PostgreSQL to Parquet (snappy): {rows} rows of 12 columns, {rounds} rounds in turns");
    let postgres = Postgres::start();
    postgres.sql(&format!(
        "CREATE UNLOGGED TABLE items AS SELECT g::bigint AS id, (g * 7 % 200000)::integer AS part, (g % 7)::smallint AS line,
            (g % 50 + 1)::numeric(15,2) AS quantity, (g * 13 % 10000000 / 100.0)::numeric(15,2) AS price,
            (g % 11 / 100.0)::numeric(15,2) AS discount, chr(65 + g % 3) AS flag, date '1992-01-01' + g % 2500 AS shipped,
            timestamptz '1992-01-01' + g * interval '1 second' AS changed, 'DELIVER IN PERSON ' || g % 4 AS instruct,
            md5(g::text) AS comment, g % 3 = 0 AS paid
         FROM generate_series(1, {rows}) g; ANALYZE items"
    )).await;
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);

    let mut sluice = binary::sluice();
    sluice
        .args(["copy", "--parallel", "2", &postgres.url("items")])
        .arg(format!("file:{}", file("sluice.parquet").display()))
        .env("SLUICE_SRC_PASSWORD", PASSWORD);
    let mut duckdb = Command::new(test_env("venv/bin/python"));
    duckdb
        .arg(root().join("tests/bench/duckdb_copy.py"))
        .args([&postgres.port.to_string(), USER, PASSWORD, "items"])
        .arg(file("duckdb.parquet"));

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        ours.push(time(&sluice));
        theirs.push(time(&duckdb));
        let (a, b) = (ours.last().unwrap(), theirs.last().unwrap());
        println!(
            "round {round}: sluice {:6.2} s wall {:6.2} s CPU | DuckDB {:6.2} s wall {:6.2} s CPU",
            a.wall, a.cpu, b.wall, b.cpu
        );
    }
    // A copy that is fast and wrong is no copy.
    for name in ["sluice.parquet", "duckdb.parquet"] {
        let facts = python::json("e2e/parquet_facts.py", &[file(name).to_str().unwrap(), "id"]);
        assert_eq!(facts["rows"], rows, "{name}");
        let size = std::fs::metadata(file(name)).unwrap().len();
        println!("{name}: {rows} rows, {:.1} MB", size as f64 / 1e6);
    }
    let ratio = |of: fn(&Seconds) -> f64| median(&ours, of) / median(&theirs, of);
    println!(
        "sluice / DuckDB, medians: wall {:.2}, CPU {:.2} (below 1 is faster)",
        ratio(|s| s.wall),
        ratio(|s| s.cpu)
    );
}

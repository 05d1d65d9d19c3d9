//! A thousand tiny copies through a factory and a gateway: what a copy costs besides the copying.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::rest::Rest;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PIPELINE: &str = "tiny";
/// Longer than any of them takes on a machine that works.
const DEADLINE: Duration = Duration::from_secs(120);

/// What one run took, in seconds.
#[derive(Clone, Copy)]
struct Run {
    /// From the client's createRun to the end of the run, by the factory's clock: the same machine's.
    whole: f64,
    /// From createRun to the start of the copy on the node.
    dispatch: f64,
}

/// Copies ten rows so many times, with so many runs under way at any moment.
pub(crate) async fn run(runs: usize) {
    println!("\nDispatch: {runs} copies of 10 rows, SQLite to Parquet, through factory and gateway");
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("tiny.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO t SELECT i, 'row ' || i FROM n",
        )
        .unwrap();
    let factory = Factory::start();
    let mut gateway = Gateway::start(&factory, "bench").await;
    let rest = factory.rest();
    let (source, sink) = (
        sqlite_source(&database, "t"),
        file_parquet_sink(dir.path(), "tiny.parquet"),
    );
    make_copy(&rest, "bench", PIPELINE, &source, &sink).await;
    one(&rest).await;

    for at_once in [1, 8] {
        let begun = Instant::now();
        let next = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..at_once)
            .map(|_| {
                let (rest, next) = (rest.clone(), next.clone());
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    while next.fetch_add(1, Ordering::Relaxed) < runs {
                        done.push(one(&rest).await);
                    }
                    done
                })
            })
            .collect();
        let mut done = Vec::with_capacity(runs);
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        let seconds = begun.elapsed().as_secs_f64();
        let (whole, dispatch) = (sorted(&done, |run| run.whole), sorted(&done, |run| run.dispatch));
        println!(
            "  {at_once} at a time: createRun to Succeeded p50 {:.0} ms, p99 {:.0} ms; to the copy's start p50 {:.0} ms, p99 {:.0} ms; {:.0} runs/s",
            at(&whole, 50),
            at(&whole, 99),
            at(&dispatch, 50),
            at(&dispatch, 99),
            done.len() as f64 / seconds
        );
    }
    gateway.assert_running();
}

/// One run, from createRun to its end.
async fn one(rest: &Rest) -> Run {
    let asked = Utc::now();
    let run = rest.start(PIPELINE).await;
    let end = rest.end_of(&run, DEADLINE).await;
    assert_eq!(end["status"], "Succeeded", "{end}");
    let started = moment(&end["output"]["executionDetails"][0]["start"]);
    Run {
        whole: seconds(asked, moment(&end["activityRunEnd"])),
        dispatch: seconds(asked, started),
    }
}

fn moment(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not a time"));
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_microseconds().unwrap() as f64 / 1e6
}

fn sorted(runs: &[Run], of: impl Fn(&Run) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A percentile, in milliseconds.
fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)] * 1000.0
}

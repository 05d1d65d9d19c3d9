//! Many jobs that wait in the queues of many gateways.

use super::identity::{gateway, register};
use super::node::{Told, live};
use super::{cpu, resident};
use futures::{StreamExt, stream};
use serde_json::json;
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::poll::until;
use sluice_tests::rest::Rest;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(900);
/// Requests under way.
const AT_ONCE: usize = 16;
/// Places of each node.
const PLACES: u32 = 4;

pub(super) async fn run(gateways: usize, jobs: usize) {
    println!("\nLoad: {jobs} jobs queued at {gateways} gateways of one node each, {PLACES} at a time");
    let factory = Factory::start_with(&["--lease", "180"], &[]);
    let rest = factory.rest();
    let identities = register(&rest, gateways, 1).await;
    let place = tempfile::tempdir().unwrap();
    stream::iter(0..gateways)
        .for_each_concurrent(AT_ONCE, |number| {
            let (rest, place) = (&rest, place.path());
            async move {
                let (from, to) = (
                    sqlite_source(&place.join("a.db"), "t"),
                    file_parquet_sink(place, "b.parquet"),
                );
                make_copy(rest, &gateway(number), &gateway(number), &from, &to).await;
            }
        })
        .await;
    let begun = Instant::now();
    stream::iter(0..jobs)
        .for_each_concurrent(AT_ONCE, |number| {
            let rest = &rest;
            async move { drop(rest.start(&gateway(number % gateways)).await) }
        })
        .await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("  queued in {seconds:.0} s, {:.0} a second", jobs as f64 / seconds);

    let told = Arc::new(Told::default());
    let busy = cpu(&factory);
    let begun = Instant::now();
    let tasks: Vec<_> = identities
        .into_iter()
        .map(|identity| {
            let told = told.clone();
            tokio::spawn(async move { live(&identity, &told, PLACES).await })
        })
        .collect();
    until("all jobs to be done", PATIENCE, || async {
        (told.completed.load(Ordering::Relaxed) >= jobs).then_some(())
    })
    .await;
    let seconds = begun.elapsed().as_secs_f64();
    until("all runs to have succeeded", PATIENCE, || async {
        (others_than_succeeded(&rest).await == 0).then_some(())
    })
    .await;
    println!(
        "  drained in {seconds:.0} s, {:.0} a second, {:.1} ms of the factory's CPU each; all runs have succeeded; \
         the factory has {:.0} MB; connections lost: {}",
        jobs as f64 / seconds,
        (cpu(&factory) - busy) / jobs as f64 * 1000.0,
        resident(&factory),
        told.lost.load(Ordering::Relaxed)
    );
    for task in tasks {
        task.abort();
    }
}

/// Runs that have another status, of at most a page.
async fn others_than_succeeded(rest: &Rest) -> usize {
    let query = json!({ "lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z",
        "filters": [{ "operand": "Status", "operator": "NotEquals", "values": ["Succeeded"] }] });
    let found = rest.post("queryPipelineRuns", &query).await.ok();
    found["value"].as_array().map_or(0, Vec::len)
}

//! Lists and queries of a factory that has seen much: 1,000 documents and 100,000 runs, through REST.

use serde_json::{Value, json};
use sluice_tests::factory::Factory;
use std::time::Instant;

/// How often each question is asked.
const TIMES: usize = 200;

/// Fills a factory and asks it.
pub(crate) async fn run(runs: usize) {
    println!("\nQueries: 1,000 documents, {runs} runs");
    let factory = Factory::start();
    let rest = factory.rest();
    rest.put("", &json!({ "location": "onprem" })).await.ok();
    for i in 0..1000 {
        let body = json!({ "properties": { "activities": [], "annotations": [format!("number {i}")] } });
        rest.put(&format!("pipelines/P{i:04}"), &body).await.ok();
    }
    fill(&factory, runs);
    let window = |more: Value| {
        let mut body =
            json!({ "lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let filter = |operand: &str, values: &[&str]| json!({ "operand": operand, "operator": "In", "values": values });
    let order = |by: &str, order: &str| json!([{ "orderBy": by, "order": order }]);
    let newest = order("RunStart", "DESC");
    let questions = [
        ("newest", window(json!({ "orderBy": newest }))),
        (
            "of one pipeline",
            window(json!({ "filters": [filter("PipelineName", &["P0007"])], "orderBy": newest })),
        ),
        (
            "failed",
            window(json!({ "filters": [filter("Status", &["Failed"])], "orderBy": newest })),
        ),
        (
            "failed of one pipeline",
            window(json!({ "filters": [filter("PipelineName", &["P0007"]), filter("Status", &["Failed"])] })),
        ),
        (
            "in two states that are rare",
            window(json!({ "filters": [filter("Status", &["Cancelled", "Queued"])] })),
        ),
        (
            "by end",
            window(json!({ "filters": [filter("Status", &["Failed"])], "orderBy": order("RunEnd", "DESC") })),
        ),
        (
            "by pipeline",
            window(json!({ "orderBy": order("PipelineName", "ASC") })),
        ),
        (
            "last page",
            window(json!({ "continuationToken": format!("offset:{}", runs - 50) })),
        ),
    ];
    for (name, body) in &questions {
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begun = Instant::now();
            rest.post("queryPipelineRuns", body).await.ok();
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        print(name, took);
    }
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begun = Instant::now();
        let mut path = rest.path("pipelines");
        let mut count = 0;
        loop {
            let page = rest.raw("GET", &path, None).await.ok();
            count += page["value"].as_array().unwrap().len();
            match page["nextLink"].as_str() {
                Some(next) => path = next.trim_start_matches(&rest.base).to_owned(),
                None => break,
            }
        }
        assert_eq!(count, 1000);
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    print("1,000 pipelines, ten pages", took);
}

/// Writes finished runs into the factory's database, each with a pipeline of a usual size.
fn fill(factory: &Factory, runs: usize) {
    let mut database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    let id: String = database
        .query_row("SELECT id FROM factories", [], |row| row.get(0))
        .unwrap();
    let body = json!({ "properties": { "activities": [], "description": "x".repeat(4000) } }).to_string();
    let begun = 1_700_000_000_000_000_i64;
    let tx = database.transaction().unwrap();
    {
        let mut insert = tx
            .prepare(
                "INSERT INTO runs (id, factory, pipeline, body, parameters, status, message, cancel, started, ended, updated, \
                 invoked_id) VALUES (?1, ?2, ?3, ?4, '{}', ?5, '', 0, ?6, ?7, ?7, '')",
            )
            .unwrap();
        for i in 0..runs {
            let status = if i % 10 == 0 { "Failed" } else { "Succeeded" };
            let started = begun + i as i64 * 1_000_000;
            let pipeline = format!("P{:04}", i % 1000);
            insert
                .execute(rusqlite::params![
                    format!("run-{i:08}"),
                    id,
                    pipeline,
                    body,
                    status,
                    started,
                    started + 500_000
                ])
                .unwrap();
        }
    }
    tx.commit().unwrap();
}

fn print(name: &str, mut took: Vec<f64>) {
    took.sort_by(f64::total_cmp);
    println!(
        "  {name}: p50 {:.1} ms, p99 {:.1} ms",
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
}

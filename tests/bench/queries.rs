//! Lists and queries of a factory that has seen much: 1,000 documents and 100,000 runs, through REST.

use crate::place::Place;
use serde_json::{Value, json};
use sluice_tests::factory::Factory;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::Instant;

/// How often each question is asked.
const TIMES: usize = 200;

/// Fills a factory and asks it.
pub(crate) async fn run(place: &Place, runs: usize) {
    println!("\nQueries on {}: 1,000 documents, {runs} runs", place.name);
    let factory = &place.factory;
    let rest = factory.rest();
    rest.put("", &json!({ "location": "onprem" })).await.ok();
    for i in 0..1000 {
        let body = json!({ "properties": { "activities": [], "annotations": [format!("number {i}")] } });
        rest.put(&format!("pipelines/P{i:04}"), &body).await.ok();
    }
    match &place.server {
        None => fill(factory, runs),
        Some(server) => fill_postgres(server, runs).await,
    }
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
    for (name, by) in [("newest", "RunStart"), ("by end", "RunEnd")] {
        pages(
            &rest,
            &format!("every page, {name} first"),
            window(json!({ "orderBy": order(by, "DESC") })),
            runs,
        )
        .await;
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

/// Turns all pages of a list.
async fn pages(rest: &Rest, name: &str, mut body: Value, runs: usize) {
    let (mut took, mut count) = (Vec::new(), 0);
    loop {
        let begun = Instant::now();
        let page = rest.post("queryPipelineRuns", &body).await.ok();
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
        count += page["value"].as_array().unwrap().len();
        match page["continuationToken"].as_str() {
            Some(next) => body["continuationToken"] = next.into(),
            None => break,
        }
    }
    assert_eq!(count, runs);
    print(name, took);
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

/// The same runs in PostgreSQL, and what its autovacuum would do a minute later.
async fn fill_postgres(server: &Postgres, runs: usize) {
    let body = json!({ "properties": { "activities": [], "description": "x".repeat(4000) } }).to_string();
    let sql = format!(
        "INSERT INTO runs (id, factory, pipeline, body, parameters, status, message, cancel, started, ended, updated, \
         invoked_id) SELECT 'run-' || lpad(i::text, 8, '0'), factories.id, 'P' || lpad((i % 1000)::text, 4, '0'), '{body}', \
         '{{}}', CASE WHEN i % 10 = 0 THEN 'Failed' ELSE 'Succeeded' END, '', 0, 1700000000000000 + i * 1000000, \
         1700000000500000 + i * 1000000, 1700000000500000 + i * 1000000, '' \
         FROM generate_series(0::bigint, {runs} - 1) i, factories"
    );
    server.sql(&sql).await;
    server.sql("VACUUM ANALYZE").await;
}

fn print(name: &str, mut took: Vec<f64>) {
    took.sort_by(f64::total_cmp);
    println!(
        "  {name}: p50 {:.1} ms, p99 {:.1} ms",
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
}

//! Pipelines whose documents are fine and whose world is not.

use serde_json::json;
use sluice_tests::documents::{End, file_parquet_sink, make_copy, postgres_query, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::net::free_port;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(120);
const WRONG: &str = "canary-wrong-password";

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_copy_says_why_and_the_next_one_runs() {
    let (postgres, mut factory) = (Postgres::start(), Factory::start());
    postgres
        .sql("CREATE TABLE t (id bigint, name text); INSERT INTO t VALUES (1, 'a')")
        .await;
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let lake = tempfile::tempdir().unwrap();
    let good = || postgres_source(&postgres, "public", "t");
    let wrong_password = json!({ "type": "SecureString", "value": WRONG });
    let oracle = End {
        service: "Oracle",
        dataset: "OracleTable",
        activity: json!({ "type": "OracleSource" }),
        ..good()
    };
    let cases: Vec<(&str, End, &str)> = vec![
        ("Table", postgres_source(&postgres, "public", "missing"), "SL6004"),
        ("Schema", postgres_source(&postgres, "nowhere", "t"), "SL6004"),
        ("Password", good().property("password", wrong_password), "SL6002"),
        ("Database", good().property("database", json!("nowhere")), "SL6002"),
        ("Server", good().property("port", json!(free_port())), "SL6001"),
        ("Store", oracle, "SL4008"),
        ("Query", postgres_query(&postgres, "SELEC 1"), "SL6010"),
        (
            "Array",
            postgres_query(&postgres, "SELECT ARRAY[1,2] AS list"),
            "SL6007",
        ),
        ("Property", good().property("database", json!("")), "SL6013"),
    ];
    for (name, source, code) in cases {
        make_copy(
            &rest,
            "onprem",
            name,
            &source,
            &file_parquet_sink(lake.path(), "out.parquet"),
        )
        .await;
        let run = rest.start(name).await;
        let activity = rest.end_of(&run, DEADLINE).await;
        assert_eq!(activity["status"], "Failed", "{name}: {activity:#}");
        assert_eq!(activity["error"]["errorCode"], code, "{name}: {activity:#}");
        let text = activity.to_string();
        assert!(!text.contains(WRONG), "{name}: the password is in {text}");
        assert_eq!(rest.run(&run).await.unwrap()["status"], "Failed", "{name}");
        let left: Vec<_> = std::fs::read_dir(lake.path()).unwrap().flatten().collect();
        assert!(left.is_empty(), "{name} left {left:?}");
    }
    for (name, log) in [("factory", factory.log()), ("gateway", gateway.log())] {
        assert!(!log.contains(WRONG), "the password is in the log of the {name}");
        assert!(!log.contains("panicked at"), "{name}: {log}");
    }

    // Everybody goes on.
    make_copy(
        &rest,
        "onprem",
        "Good",
        &good(),
        &file_parquet_sink(lake.path(), "out.parquet"),
    )
    .await;
    let activity = rest.succeed("Good", DEADLINE).await;
    assert_eq!(activity["output"]["rowsCopied"], 1);
    factory.assert_running();
    gateway.assert_running();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_when_it_is_started() {
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let copy = |input: &str| {
        json!({ "name": "c", "type": "Copy",
            "inputs": [{ "type": "DatasetReference", "referenceName": input }],
            "outputs": [{ "type": "DatasetReference", "referenceName": "out" }],
            "typeProperties": { "source": { "type": "SqliteSource" }, "sink": { "type": "ParquetSink" } } })
    };
    let pipeline = |activities: serde_json::Value| json!({ "properties": { "activities": activities } });
    for (name, document) in [
        ("Missing", pipeline(json!([copy("nowhere")]))),
        (
            "Unknown",
            pipeline(json!([{ "name": "w", "type": "WebActivity", "typeProperties": {} }])),
        ),
        ("Empty", pipeline(json!([]))),
    ] {
        // Saving it may already say so; starting it has to, or its run has to fail with a code.
        let saved = rest.put(&format!("pipelines/{name}"), &document).await;
        if saved.status != 200 {
            assert!(saved.text.contains("SL4"), "{name}: {}", saved.text);
            continue;
        }
        let started = rest.post(&format!("pipelines/{name}/createRun"), &json!({})).await;
        if started.status == 200 && name != "Empty" {
            let run = started.json()["runId"].as_str().unwrap().to_owned();
            let activity = rest.end_of(&run, DEADLINE).await;
            assert_eq!(activity["status"], "Failed", "{name}: {activity:#}");
            assert!(
                activity["error"]["errorCode"].as_str().unwrap().starts_with("SL4"),
                "{activity:#}"
            );
        } else if started.status != 200 {
            assert!(started.text.contains("SL4"), "{name}: {}", started.text);
        }
    }
    drop(gateway);
}

/// Whoever may change a linked service, but does not know its password, cannot have the password sent elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirected_linked_service_does_not_take_its_password_along() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    postgres.sql("CREATE TABLE t (id bigint)").await;
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let lake = tempfile::tempdir().unwrap();
    let sink = file_parquet_sink(lake.path(), "out.parquet");
    make_copy(
        &rest,
        "onprem",
        "Copy",
        &postgres_source(&postgres, "public", "t"),
        &sink,
    )
    .await;
    rest.succeed("Copy", DEADLINE).await;

    let thief = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    thief.set_nonblocking(true).unwrap();
    let mut document = rest.get("linkedservices/CopySource").await.ok();
    let properties = &mut document["properties"];
    assert_eq!(properties["typeProperties"]["password"]["value"], "**********");
    properties["typeProperties"]["port"] = json!(thief.local_addr().unwrap().port());
    let body = json!({ "properties": properties });
    let saved = rest.put("linkedservices/CopySource", &body).await;
    if saved.status == 200 {
        let run = rest.start("Copy").await;
        let activity = rest.end_of(&run, DEADLINE).await;
        assert_eq!(activity["status"], "Failed", "{activity:#}");
        assert_eq!(activity["error"]["errorCode"], "SL5005", "{activity:#}");
    } else {
        saved.expect_fault(400, "SL5005");
    }
    let came = thief.accept();
    assert!(came.is_err(), "somebody connected to the other server: {came:?}");
}

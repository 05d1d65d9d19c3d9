//! Clients of Azure Data Factory as they are published: two generations of Python's, Node's, and Azure's identity libraries
//! as the ones who say who asks.

use serde_json::{Value, json};
use sluice_tests::documents::{copy_pipeline, file_parquet_sink, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register};
use sluice_tests::{python, root, test_env};
use std::collections::BTreeMap;
use std::process::Command;

/// A factory with a gateway that is online, an API client, and the documents of a copy.
struct World {
    factory: Factory,
    _gateway: Gateway,
    dir: tempfile::TempDir,
    facts: Value,
}

impl World {
    async fn new(pipeline: &str) -> Self {
        let factory = Factory::start();
        let gateway = Gateway::start(&factory, "onprem").await;
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("shop.db");
        rusqlite::Connection::open(&database)
            .unwrap()
            .execute_batch(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')",
            )
            .unwrap();
        let client = factory
            .rest()
            .raw("PUT", "/access/v1/clients/e2e", Some(r#"{"scope":"contributor"}"#))
            .await
            .ok();
        let (source, sink) = (
            sqlite_source(&database, "t"),
            file_parquet_sink(dir.path(), "t.parquet"),
        );
        let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
        let (mut services, mut datasets) = (json!({}), json!({}));
        for (side, end) in [("Source", &source), ("Sink", &sink)] {
            let name = format!("{pipeline}{side}");
            services[&name] = json!({ "properties":
                { "type": end.service, "connectVia": via, "typeProperties": end.properties } });
            datasets[&name] = json!({ "properties": { "type": end.dataset, "typeProperties": end.table,
                "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": name } } });
        }
        let facts = json!({
            "url": factory.url, "ca": factory.ca_file, "modules": test_env("npm/node_modules"),
            "clientId": client["clientId"], "clientSecret": client["clientSecret"],
            "linkedServices": services, "datasets": datasets, "pipeline": copy_pipeline(pipeline, &source, &sink),
        });
        Self {
            factory,
            _gateway: gateway,
            dir,
            facts,
        }
    }

    /// The facts in a file.
    fn file(&self) -> String {
        let file = self.dir.path().join("facts.json");
        std::fs::write(&file, self.facts.to_string()).unwrap();
        file.display().to_string()
    }

    fn node(&self, script: &str) -> Value {
        let output = Command::new("node")
            .arg(root().join("tests/e2e/clients").join(script))
            .arg(self.file())
            .env("NODE_EXTRA_CA_CERTS", &self.factory.ca_file)
            .output()
            .expect("node starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(said.trim().lines().next_back().unwrap_or_default())
            .unwrap_or_else(|e| panic!("{script} printed no JSON ({e}): {said}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_the_python_client_use_every_operation() {
    for (venv, version) in [("venv", "9.3.0"), ("venv-sdk10", "10.0.0")] {
        let mut world = World::new("P").await;
        let found = python::json_in(venv, "e2e/clients/operations.py", &[&world.file()]);
        assert_eq!(found["version"], version);
        assert_eq!(found["status"], "Succeeded", "{version}: {found:#}");
        assert_eq!(found["output"]["rowsCopied"], 2, "{version}: {found:#}");
        assert_eq!(found["windows"], 3, "{version}: {found:#}");
        world.factory.assert_running();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_client_runs_a_copy() {
    let mut world = World::new("FromNode").await;
    let found = world.node("arm.cjs");
    assert_eq!(found["status"], "Succeeded", "{found:#}");
    assert_eq!(found["activity"]["output"]["rowsCopied"], 2, "{found:#}");
    assert_eq!(found["runs"], json!([found["runId"]]), "{found:#}");
    assert_eq!(
        (&found["pipelines"], &found["unchanged"]),
        (&json!(106), &json!(true)),
        "{found:#}"
    );
    assert!(world.dir.path().join("t.parquet").exists());
    world.factory.assert_running();
}

/// Every official sample, as it is published: served, or refused in the contract's form; never a 5xx, never a hang.
#[tokio::test(flavor = "multi_thread")]
async fn the_official_samples_are_served_or_refused_properly() {
    let mut world = World::new("P").await;
    // A node in the data factory of the samples, so that there is somebody to seal credentials to.
    let rest = world.factory.rest();
    let path = |below: &str| {
        let group = "/subscriptions/12345678-1234-1234-1234-12345678abc/resourceGroups/exampleResourceGroup";
        format!("{group}/providers/Microsoft.DataFactory/factories/exampleFactoryName{below}?api-version=2018-06-01")
    };
    rest.raw("PUT", &path(""), Some("{}")).await.ok();
    let runtime = "/integrationRuntimes/exampleIntegrationRuntime";
    let body = r#"{"properties":{"type":"SelfHosted"}}"#;
    rest.raw("PUT", &path(runtime), Some(body)).await.ok();
    let keys = rest
        .raw("POST", &path(&format!("{runtime}/listAuthKeys")), Some("{}"))
        .await
        .ok();
    let key = keys["authKey1"].as_str().unwrap();
    register(&world.dir.path().join("node"), key, "Node_1").expect(0);
    let found = world.node("samples.mjs");
    let exchanges = found["exchanges"].as_array().unwrap();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in exchanges {
        let status = exchange["status"].as_u64().unwrap_or_default();
        let body: Value = serde_json::from_str(exchange["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        let code = body["error"]["code"].as_str().unwrap_or_default();
        let kind = match status {
            200..300 | 304 => "served",
            404 if code == "OperationNotSupported" => "named as not supported",
            400..500 if !code.is_empty() && body["error"]["message"].is_string() => "refused with a code",
            _ => panic!("{exchange:#}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{} samples, {} requests: {kinds:?}", found["samples"], exchanges.len());
    assert_eq!(found["samples"], 102);
    assert!(exchanges.len() >= 107, "{kinds:?}");
    assert!(kinds["served"] >= 55, "{kinds:?}\n{exchanges:#?}");
    world.factory.assert_running();
}

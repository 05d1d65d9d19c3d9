//! Clients of Azure Data Factory as they are published: two generations of Python's, Node's, and Azure's identity libraries
//! as the ones who say who asks.

use serde_json::{Value, json};
use sluice_tests::documents::{copy_pipeline, file_parquet_sink, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::{python, test_env};

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
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_the_python_client_use_every_operation() {
    for (venv, version) in [("venv", "9.3.0"), ("venv-sdk10", "10.0.0")] {
        let mut world = World::new("P").await;
        let found = python::json_in(venv, "e2e/clients/operations.py", &[&world.file()]);
        assert_eq!(found["version"], version);
        assert_eq!(found["status"], "Succeeded", "{version}: {found:#}");
        assert_eq!(found["output"]["rowsCopied"], 2, "{version}: {found:#}");
        world.factory.assert_running();
    }
}

//! The published Python SDK creates everything and sees its runs through: PostgreSQL -> Parquet on Azure Blob over HTTPS ->
//! PostgreSQL.

use serde_json::{Value, json};
use sluice_tests::azurite::{Azurite, KEY};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use sluice_tests::python;
use std::path::{Path, PathBuf};

struct World {
    postgres: Postgres,
    azurite: Azurite,
    factory: Factory,
    gateway: Gateway,
    dir: tempfile::TempDir,
}

impl World {
    /// Servers, a factory, and a gateway that the SDK made and this machine joined.
    async fn new() -> Self {
        let (postgres, azurite, factory) = (Postgres::start(), Azurite::https(), Factory::start());
        postgres.sql(include_str!("shop.sql")).await;
        azurite.client().create_container("lake").await;
        let dir = tempfile::tempdir().unwrap();
        let facts = write_facts(dir.path(), &factory, &postgres, &azurite, "orders");
        let key = python::json("e2e/sdk.py", &["create", &facts])["key"]
            .as_str()
            .unwrap()
            .to_owned();
        let gateway = Gateway::join(&factory, "onprem", &key).await;
        Self {
            postgres,
            azurite,
            factory,
            gateway,
            dir,
        }
    }

    fn facts(&self, table: &str) -> String {
        write_facts(self.dir.path(), &self.factory, &self.postgres, &self.azurite, table)
    }
}

fn write_facts(dir: &Path, factory: &Factory, postgres: &Postgres, azurite: &Azurite, table: &str) -> String {
    let facts = json!({
        "url": factory.url, "ca": factory.ca_file, "token": factory.token(), "table": table,
        "postgres": { "port": postgres.port, "user": USER, "password": PASSWORD },
        "blob": { "connectionString": azurite.connection_string(), "ca": azurite.tls.as_ref().unwrap().ca_pem },
        "canaries": [PASSWORD, KEY],
    });
    let file = dir.join("facts.json");
    std::fs::write(&file, facts.to_string()).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_copies_postgresql_to_blob_and_back() {
    let mut world = World::new().await;
    let runs = python::json("e2e/sdk.py", &["copy", &world.facts("orders")]);
    for name in ["up", "down"] {
        let run = &runs[name];
        assert_eq!(run["pipeline"], "Succeeded", "{run:#}");
        assert_eq!(run["status"], "Succeeded", "{run:#}");
        assert_eq!(run["type"], "Copy");
        let output = &run["output"];
        assert_eq!(output["rowsRead"], 50_000, "{output:#}");
        assert_eq!(output["rowsCopied"], 50_000, "{output:#}");
        for member in ["dataRead", "dataWritten"] {
            assert!(output[member].as_u64().unwrap() > 1_000_000, "{member}: {output:#}");
        }
        assert!(output["throughput"].as_f64().unwrap() > 0.0, "{output:#}");
        assert!(
            (1..=2).contains(&output["usedParallelCopies"].as_u64().unwrap()),
            "{output:#}"
        );
        assert_eq!(output["effectiveIntegrationRuntime"], "onprem", "{output:#}");
    }
    assert_eq!(world.azurite.client().list("lake").await, ["raw/shop/orders.parquet"]);

    equal_tables(&world.postgres).await;
    // What pyarrow makes of the file in between.
    let file = world.dir.path().join("orders.parquet");
    let bytes = world.azurite.client().get("lake/raw/shop/orders.parquet").await;
    std::fs::write(&file, bytes).unwrap();
    let facts = python::json("e2e/parquet_facts.py", &[file.to_str().unwrap(), "id"]);
    assert_eq!(facts["rows"], 50_000);
    assert_eq!(facts["sum"], 50_000_u64 * 50_001 / 2);
    assert_eq!(facts["nulls"]["customer"], 1);

    world.factory.assert_running();
    world.gateway.assert_running();
    no_secret_in(&world);
}

/// Row by row and column by column, in both directions, by the server itself.
async fn equal_tables(postgres: &Postgres) {
    // IS NOT DISTINCT FROM is not enough for a row with NaN, jsonb and bytea: compare the text of every column.
    let difference = |a: &str, b: &str| {
        format!("SELECT count(*) FROM (SELECT t::text FROM {a} t EXCEPT ALL SELECT t::text FROM {b} t) d")
    };
    assert_eq!(postgres.one("SELECT count(*) FROM back.orders").await, "50000");
    assert_eq!(postgres.one(&difference("shop.orders", "back.orders")).await, "0");
    assert_eq!(postgres.one(&difference("back.orders", "shop.orders")).await, "0");
    // No staging is left.
    let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE '%stage%' AND relkind = 'r'";
    assert_eq!(postgres.one(tables).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_refused_with_a_code() {
    let world = World::new().await;
    let run = python::json("e2e/sdk.py", &["refused", &world.facts("lists")]);
    assert_eq!(run["pipeline"], "Failed", "{run:#}");
    assert_eq!(run["status"], "Failed", "{run:#}");
    assert_eq!(run["error"]["errorCode"], "SL6007", "{run:#}");
    let message = run["error"]["message"].as_str().unwrap();
    assert!(message.contains("tags"), "{message}");
    assert_eq!(world.azurite.client().list("lake").await, Vec::<String>::new());
}

/// Neither side keeps a password in clear, nor says one.
fn no_secret_in(world: &World) {
    let states = [world.factory.state(), world.gateway.state()];
    // The search has to be able to find something: the factory keeps documents, the node its gateway's name.
    assert!(found_in(&states[0], "OnPremPg").is_some() && found_in(&states[1], "onprem").is_some());
    for canary in [PASSWORD, KEY] {
        for (what, log) in [("factory", world.factory.log()), ("gateway", world.gateway.log())] {
            assert!(!log.is_empty(), "the {what} logs nothing");
            assert!(!log.contains(canary), "a secret is in the log of the {what}");
        }
        for state in &states {
            assert_eq!(found_in(state, canary), None, "a secret is on the disk");
        }
    }
}

/// A file below a folder that holds the text.
fn found_in(folder: &Path, text: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let found = if kind.is_dir() {
            found_in(&path, text)
        } else {
            let bytes = if kind.is_file() {
                std::fs::read(&path).unwrap_or_default()
            } else {
                Vec::new()
            };
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
                .then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A document that a client reads back and stores again keeps its secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_masked_secret_sent_back_is_kept() {
    let world = World::new().await;
    let runs = python::json("e2e/sdk.py", &["copy", &world.facts("orders")]);
    assert_eq!(runs["up"]["status"], "Succeeded", "{runs:#}");
    let rest = world.factory.rest();
    for name in ["OnPremPg", "Lake"] {
        let document: Value = rest.get(&format!("linkedservices/{name}")).await.ok();
        assert!(document.to_string().contains("**********"), "{document:#}");
        let again = json!({ "properties": document["properties"] });
        rest.put(&format!("linkedservices/{name}"), &again).await.ok();
    }
    rest.succeed("Up", std::time::Duration::from_secs(120)).await;
}

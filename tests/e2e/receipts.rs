//! The receipt of a copy: from the node's folder and from the factory, found genuine, and not any more when a digit changed.

use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{copy_pipeline, make_copy, postgres_query, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres};
use sluice_tests::python;
use std::path::Path;
use std::time::Duration;

fn receipt(args: &[&str], stdin: Option<&str>) -> Outcome {
    let mut command = sluice();
    command.arg("receipt").args(args);
    finish(command, stdin)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_copy_has_a_receipt_that_only_its_node_could_sign() {
    let server = Postgres::start();
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lake.db");
    rusqlite::Connection::open(&database).unwrap();

    let rest = factory.rest();
    let query = "SELECT i::bigint AS id, 'row ' || i AS name, (i / 7.0)::double precision AS share FROM generate_series(1, 5000) i";
    let source = postgres_query(&server, query);
    let mut sink = sqlite_source(&database, "rows");
    sink.activity = json!({ "type": "SqliteSink", "tableOption": "autoCreate" });
    make_copy(&rest, "onprem", "nightly", &source, &sink).await;
    let mut pipeline = copy_pipeline("nightly", &source, &sink);
    pipeline["properties"]["activities"][0]["typeProperties"]["validateDataConsistency"] = json!(true);
    rest.put("pipelines/nightly", &pipeline).await.ok();
    let run = rest.start("nightly").await;
    let activity = rest.end_of(&run, Duration::from_secs(90)).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    let output = &activity["output"];
    assert_eq!(
        output["dataConsistencyVerification"]["verified"], "rows and content",
        "{output:#}"
    );
    assert_eq!(
        (&output["rowsCopied"], &output["rowsSkipped"]),
        (&json!(5000), &json!(0))
    );

    // What the node keeps is what the factory was given.
    let state = gateway.state();
    let list = receipt(&["list", "-o", "json", "--state", text(&state)], None)
        .expect(0)
        .json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 1, "{list:#?}");
    let file = list[0]["file"].as_str().unwrap();
    let kept = std::fs::read_to_string(file).unwrap();
    let signed: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(signed, output["receipt"]);

    // Genuine by the factory's CA, by the node's own copy of it, and by its fingerprint; from the file and from the run.
    let ca = factory.state().join("ca.pem");
    let by_ca = receipt(&["verify", file, "--ca", text(&ca), "-o", "json"], None)
        .expect(0)
        .json();
    receipt(&["verify", file, "--state", text(&state)], None).expect(0);
    let print = by_ca["caCertificate"].as_str().unwrap();
    receipt(&["verify", file, "--fingerprint", print], None).expect(0);
    let activity = activity.to_string();
    receipt(&["verify", "-", "--ca", text(&ca)], Some(&activity)).expect(0);

    let said = &by_ca["receipt"];
    // A library that is not Sluice's reads and believes the same.
    assert_eq!(&python::json("e2e/receipt.py", &[file, text(&ca)]), said);
    assert_eq!(said["run"], json!(run), "{said:#}");
    assert_eq!(
        (&said["pipeline"], &said["activity"]),
        (&json!("nightly"), &json!("Copy"))
    );
    assert_eq!(said["rows"], json!({ "read": 5000, "written": 5000, "skipped": 0 }));
    assert_eq!(said["source"]["type"], "PostgreSqlV2");
    assert_eq!(
        said["sink"],
        json!({ "linkedService": "nightlySink", "type": "Sqlite", "dataset": "SqliteTable" })
    );
    assert_eq!(said["verified"], "rows and content");
    let names: Vec<_> = said["content"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["name"])
        .collect();
    assert_eq!(names, ["id", "name", "share"]);
    let shown = receipt(&["show", said["job"].as_str().unwrap(), "--state", text(&state)], None).expect(0);
    assert!(
        shown.stdout.contains("5000 written") && shown.stdout.contains("share"),
        "{}",
        shown.stdout
    );

    // Nothing secret, neither sealed nor in clear, and nothing of how the stores are reached.
    for secret in [PASSWORD, "sslMode", "127.0.0.1"] {
        for text in [&said.to_string(), &kept, &shown.stdout] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    // Another factory's CA does not vouch for it.
    let stranger = Factory::start();
    let other = stranger.state().join("ca.pem");
    receipt(&["verify", file, "--ca", text(&other)], None)
        .expect(9)
        .expect_fault("SL7011");
    receipt(&["verify", file, "--fingerprint", &"0".repeat(64)], None).expect(9);
    receipt(&["verify", file, "--state", text(folder.path())], None).expect(2);
    receipt(&["verify", text(&ca), "--ca", text(&ca)], None).expect_fault("SL7012");

    // A row more, and a single character anywhere.
    for member in ["payload", "protected", "signature"] {
        let whole = signed[member].as_str().unwrap();
        for place in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.to_owned();
            let other = if &whole[place..=place] == "A" { "B" } else { "A" };
            changed.replace_range(place..=place, other);
            let mut forged = signed.clone();
            forged[member] = json!(changed);
            let outcome = receipt(&["verify", "-", "--ca", text(&ca)], Some(&forged.to_string()));
            assert_ne!(outcome.code, 0, "{member} was changed at {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_kept_does_not_undo_the_copy() {
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    let shop = rusqlite::Connection::open(&database).unwrap();
    shop.execute_batch("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)")
        .unwrap();
    // A file in the place of the folder: nothing can be written there by anybody, not even by root.
    let receipts = gateway.state().join("receipts");
    std::fs::remove_dir(&receipts).unwrap();
    std::fs::write(&receipts, "in the way").unwrap();

    let rest = factory.rest();
    let sink = sluice_tests::documents::file_parquet_sink(folder.path(), "t.parquet");
    make_copy(&rest, "onprem", "small", &sqlite_source(&database, "t"), &sink).await;
    let activity = rest.succeed("small", Duration::from_secs(60)).await;
    assert!(folder.path().join("t.parquet").exists());
    let output = &activity["output"];
    let warnings = output["warnings"].to_string();
    assert!(warnings.contains("SL7013"), "{output:#}");
    assert!(output.get("receipt").is_none(), "{output:#}");
}

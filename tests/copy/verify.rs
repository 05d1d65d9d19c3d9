//! `validateDataConsistency`, hashes and rows that are left out, through the real connectors.

use super::bench::{Folder, copy, validated};
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_contract::job::CopyOutcome;

const SHOP: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price DECIMAL(10,2), share DOUBLE, raw BLOB, open BOOLEAN);
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000)
    INSERT INTO t SELECT x, CASE WHEN x % 7 THEN 'row ' || x END, x / 100.0, x / 7.0, CAST(x'00ff' || x AS BLOB), x % 2 FROM c;";

fn verified(outcome: &CopyOutcome) -> &Value {
    &outcome.extra["dataConsistencyVerification"]["verified"]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_values_have_the_same_hashes_wherever_they_lie() {
    let folder = Folder::new();
    folder.database().execute_batch(SHOP).unwrap();
    let auto = |name| folder.table(name).with("tableOption", json!("autoCreate"));
    let out = copy(&folder.table("t"), &folder.parquet("t.parquet"), json!({}))
        .await
        .unwrap();
    let back = copy(&folder.parquet("t.parquet"), &auto("u"), validated())
        .await
        .unwrap();
    let across = copy(&folder.table("u"), &auto("v"), validated()).await.unwrap();
    for outcome in [&back, &across] {
        assert_eq!(verified(outcome), "rows and content", "{:?}", outcome.warnings);
        assert_eq!(
            (&outcome.content_hash, &outcome.columns),
            (&out.content_hash, &out.columns)
        );
    }
    assert_eq!(
        folder.rows("SELECT * FROM v ORDER BY id"),
        folder.rows("SELECT * FROM t ORDER BY id")
    );

    // One value is another one: only its column has another hash.
    let update = "UPDATE v SET name = 'Row 1000' WHERE id = 1000";
    folder.database().execute_batch(update).unwrap();
    let changed = copy(&folder.table("v"), &folder.parquet("v.parquet"), json!({}))
        .await
        .unwrap();
    let differing: Vec<_> = changed
        .columns
        .iter()
        .zip(&out.columns)
        .filter(|(a, b)| a != b)
        .collect();
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].0.name, "name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_does_not_keep_is_found_before_the_commit() {
    let folder = Folder::new();
    let setup = "CREATE TABLE s (id INTEGER, temperature DOUBLE); CREATE TABLE t (id INTEGER, temperature NUMERIC);
        INSERT INTO s VALUES (1, 20.5), (2, -1.0)";
    folder.database().execute_batch(setup).unwrap();
    std::fs::write(folder.path("s.csv"), "id,temperature\n1,20.5\n2,-0.0\n").unwrap();
    // The sign of a zero is in the file, and SQLite has none.
    let source = folder.csv("s.csv", true);
    let typed = json!({ "translator": { "type": "TabularTranslator", "typeConversion": true, "mappings": [
        { "source": { "name": "id" }, "sink": { "name": "id", "type": "Int64" } },
        { "source": { "name": "temperature" }, "sink": { "name": "temperature", "type": "Double" } } ] } });
    let mut settings = typed.clone();
    settings["validateDataConsistency"] = json!(true);
    let fault = copy(&source, &folder.table("t"), settings).await.unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed, "{fault}");
    assert!(
        fault.message.contains("\"temperature\"") && !fault.message.contains("\"id\""),
        "{fault}"
    );
    assert!(folder.rows("SELECT * FROM t").is_empty());
    // Unasked, it is as it was.
    copy(&source, &folder.table("t"), typed).await.unwrap();
    let outcome = copy(&folder.table("s"), &folder.table("t"), validated()).await.unwrap();
    assert_eq!(verified(&outcome), "rows and content");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_left_out_are_told_apart_from_rows_that_are_lost() {
    let folder = Folder::new();
    let setup =
        "CREATE TABLE s (id INTEGER, n INTEGER); INSERT INTO s VALUES (1, 1), (2, 'two'), (3, 3), (3, 4), (5, 500);
        CREATE TABLE t (id INTEGER UNIQUE, n INTEGER CHECK (n < 100)); CREATE TABLE free (id INTEGER, n INTEGER)";
    folder.database().execute_batch(setup).unwrap();
    let settings = json!({ "validateDataConsistency": true, "enableSkipIncompatibleRow": true });
    // One by the source, which the sink never saw: the content is still compared.
    let outcome = copy(&folder.table("s"), &folder.table("free"), settings.clone())
        .await
        .unwrap();
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (5, 4, 1)
    );
    assert_eq!(verified(&outcome), "rows and content");
    assert_eq!(
        outcome.extra["dataConsistencyVerification"]["InconsistentData"],
        "Skipped"
    );
    // And two by the sink.
    let outcome = copy(&folder.table("s"), &folder.table("t"), settings).await.unwrap();
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (5, 2, 3)
    );
    assert_eq!(verified(&outcome), "rows");
    assert!(
        outcome
            .warnings
            .iter()
            .any(|text| text.contains("validateDataConsistency")),
        "{:?}",
        outcome.warnings
    );
    assert_eq!(folder.rows("SELECT * FROM t").len(), 2);
    let output = outcome.to_adf_output("onprem");
    assert_eq!((&output["rowsSkipped"], &output["rowsCopied"]), (&json!(3), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_may_be_repeated() {
    let folder = Folder::new();
    folder.database().execute_batch(SHOP).unwrap();
    let create = "CREATE TABLE u AS SELECT * FROM t WHERE id <= 1000; UPDATE u SET name = 'old'";
    folder.database().execute_batch(create).unwrap();
    let sink = folder
        .table("u")
        .with("writeBehavior", json!("upsert"))
        .with("upsertSettings", json!({ "keys": ["id"] }));
    for _ in 0..2 {
        let outcome = copy(&folder.table("t"), &sink, json!({})).await.unwrap();
        assert_eq!(outcome.rows_copied, 3000);
        assert_eq!(
            folder.rows("SELECT id, name FROM u ORDER BY id"),
            folder.rows("SELECT id, name FROM t ORDER BY id")
        );
    }
}

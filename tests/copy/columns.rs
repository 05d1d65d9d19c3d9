//! `translator`: columns renamed, reordered and dropped.

use super::bench::{Folder, copy, mappings};
use serde_json::json;
use sluice_contract::Code;

fn orders(folder: &Folder) {
    let script = "
        CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, note TEXT, amount REAL, twin TEXT);
        WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 5000)
        INSERT INTO orders SELECT i, iif(i % 5 = 0, NULL, 'näme, ' || i), 'dropped', i / 4.0, 'twin ' || i FROM g;
        CREATE TABLE again (twin TEXT, amount REAL, name TEXT, id INTEGER);";
    folder.database().execute_batch(script).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_renames_reorders_and_drops_columns() {
    let folder = Folder::new();
    orders(&folder);
    let file = folder.parquet("orders.parquet");
    // `twin` and `name` are of one type: only their names tell them apart.
    let out = mappings(json!([
        {"source": {"name": "twin"}, "sink": {"name": "name"}},
        {"source": {"name": "AMOUNT", "type": "Double"}, "sink": {"name": "price", "type": "Double"}},
        {"source": {"name": "id"}, "sink": {"name": "number"}},
        {"source": {"name": "name"}, "sink": {"name": "twin"}},
    ]));
    let outcome = copy(&folder.table("orders"), &file, out).await.unwrap();
    assert_eq!((outcome.rows_read, outcome.rows_copied), (5_000, 5_000));
    assert_eq!(file.columns().await, ["name", "price", "number", "twin"]);

    let back = json!({"translator": {"type": "TabularTranslator",
        "columnMappings": "number: id, twin: name, price: amount, name: twin"}});
    copy(&file, &folder.table("again"), back).await.unwrap();
    let columns = "id, name, amount, twin";
    assert_eq!(
        folder.rows(&format!("SELECT {columns} FROM orders ORDER BY id")),
        folder.rows(&format!("SELECT {columns} FROM again ORDER BY id"))
    );
    assert_eq!(folder.rows("SELECT 1 FROM again").len(), 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_a_file_without_header_go_by_their_place() {
    let folder = Folder::new();
    let rows = "1,\"a, b\",x,2.5\n2,,y,3.5\n3,\"c\",z,4.5\n";
    std::fs::write(folder.path("in.csv"), rows).unwrap();
    let table = "CREATE TABLE t (amount REAL, id INTEGER, name TEXT);";
    folder.database().execute_batch(table).unwrap();
    let by_place = mappings(json!([
        {"source": {"ordinal": 4, "type": "String"}, "sink": {"name": "amount", "type": "Double"}},
        {"source": {"ordinal": 1, "type": "String"}, "sink": {"name": "id", "type": "Int64"}},
        {"source": {"ordinal": 2, "type": "String"}, "sink": {"name": "name", "type": "String"}},
    ]));
    copy(&folder.csv("in.csv", false), &folder.table("t"), by_place)
        .await
        .unwrap();
    let found = folder.rows("SELECT id || '|' || amount || '|' || coalesce(name, 'NULL') FROM t ORDER BY id");
    let found: Vec<String> = found.into_iter().flatten().map(|cell| format!("{cell:?}")).collect();
    assert_eq!(
        found,
        ["Text(\"1|2.5|a, b\")", "Text(\"2|3.5|NULL\")", "Text(\"3|4.5|c\")"]
    );

    // The sink's ordinals decide, not the order in which the mappings are written.
    let out = mappings(json!([
        {"source": {"name": "id"}, "sink": {"ordinal": 3}},
        {"source": {"name": "name"}, "sink": {"ordinal": 1}},
        {"source": {"name": "amount"}, "sink": {"ordinal": 2}},
    ]));
    copy(&folder.table("t"), &folder.csv("out.csv", false), out)
        .await
        .unwrap();
    let written = std::fs::read_to_string(folder.path("out.csv")).unwrap();
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["\"a, b\",2.5,1", ",3.5,2", "c,4.5,3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_the_sink_untouched() {
    let folder = Folder::new();
    orders(&folder);
    let one = |column: &str| mappings(json!([{"source": {"name": column}, "sink": {"name": "x"}}]));
    for (settings, code, words) in [
        (one("nope"), Code::SchemaMismatch, "nope"),
        (
            json!({"preserveRules": ["ACL"]}),
            Code::ActivityUnsupported,
            "preserveRules",
        ),
        (
            json!({"translator": {"type": "Expression", "value": "@x"}}),
            Code::ExpressionUnsupported,
            "translator",
        ),
    ] {
        let fault = copy(&folder.table("orders"), &folder.parquet("out.parquet"), settings)
            .await
            .unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(words) && !fault.retryable, "{fault:?}");
        assert!(!folder.path("out.parquet").exists());
    }
    // A name that the sink's table does not have is the sink's to refuse.
    let fault = copy(&folder.table("orders"), &folder.table("again"), one("id"))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
    assert!(folder.rows("SELECT 1 FROM again").is_empty());
}

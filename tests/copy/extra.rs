//! `additionalColumns`: columns that the source does not have itself.

use super::bench::{Folder, copy, mappings};
use serde_json::json;
use sluice_contract::Code;

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_added_by_name_and_mapped() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL);";
    folder.database().execute_batch(script).unwrap();
    let source = folder.table("t").with(
        "additionalColumns",
        json!([{"name": "branch", "value": "Zürich, 4"}, {"name": "key", "value": "$$COLUMN:ID"}]),
    );
    copy(&source, &folder.csv("all.csv", true), json!({})).await.unwrap();
    let written = std::fs::read_to_string(folder.path("all.csv")).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        lines,
        ["id,name,branch,key", "1,a,\"Zürich, 4\",1", "2,,\"Zürich, 4\",2"]
    );

    let sink = folder.table("made").with("tableOption", json!("autoCreate"));
    let mapping = mappings(json!([
        {"source": {"name": "branch"}, "sink": {"name": "place"}},
        {"source": {"name": "key"}, "sink": {"name": "number"}},
    ]));
    copy(&source, &sink, mapping).await.unwrap();
    assert_eq!(
        folder.rows("SELECT * FROM made ORDER BY number"),
        folder.rows("SELECT 'Zürich, 4', id FROM t ORDER BY id")
    );
    assert_eq!(folder.table("made").columns().await, ["place", "number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_files_path_is_not_made_up() {
    let folder = Folder::new();
    std::fs::write(folder.path("in.csv"), "id\n1\n").unwrap();
    let columns = json!([{"name": "file", "value": "$$FILEPATH"}]);
    let source = folder.csv("in.csv", true).with("additionalColumns", columns);
    let fault = copy(&source, &folder.csv("out.csv", true), json!({}))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::ActivityUnsupported, "{fault}");
    assert!(!folder.path("out.csv").exists());
}

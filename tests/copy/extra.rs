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
        json!([{"name": "branch", "value": "Zürich, 4"}, {"name": "key", "value": "$$COLUMN:ID"},
            // As expressions give them.
            {"name": "batch", "value": 7}, {"name": "full", "value": true}]),
    );
    copy(&source, &folder.csv("all.csv", true), json!({})).await.unwrap();
    let written = std::fs::read_to_string(folder.path("all.csv")).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        lines,
        [
            "id,name,branch,key,batch,full",
            "1,a,\"Zürich, 4\",1,7,True",
            "2,,\"Zürich, 4\",2,7,True"
        ]
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
async fn a_files_path_is_a_column() {
    let folder = Folder::new();
    let columns = json!([{"name": "file", "value": "$$FILEPATH"}]);
    std::fs::create_dir_all(folder.path("in/2024")).unwrap();
    for (file, id) in [("in/a.csv", 1), ("in/2024/b.csv", 2)] {
        std::fs::write(folder.path(file), format!("id\n{id}\n")).unwrap();
    }
    let source = folder.folder("in", "*.csv").with("additionalColumns", columns.clone());
    copy(&source, &folder.csv("out.csv", true), json!({})).await.unwrap();
    let written = std::fs::read_to_string(folder.path("out.csv")).unwrap();
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1,a.csv", "2,2024/b.csv", "id,file"]);

    // A table has no file.
    folder.database().execute_batch("CREATE TABLE t (id INTEGER)").unwrap();
    let source = folder.table("t").with("additionalColumns", columns);
    let fault = copy(&source, &folder.csv("none.csv", true), json!({}))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::ActivityUnsupported, "{fault}");
    assert!(!folder.path("none.csv").exists());
}

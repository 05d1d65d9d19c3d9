//! From a folder of files into a folder of files, rows as they are.

use super::bench::{Folder, copy, validated};
use serde_json::{Value, json};
use sluice_contract::Code;
use std::collections::BTreeMap;
use std::path::Path;

fn put(folder: &Folder, path: &str, text: &str) {
    let path = folder.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Every file below a folder, hidden ones too, with its lines.
fn all(folder: &Folder, below: &str) -> BTreeMap<String, Vec<String>> {
    fn walk(root: &Path, at: &Path, found: &mut BTreeMap<String, Vec<String>>) {
        for item in std::fs::read_dir(at).into_iter().flatten() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            found.insert(name, text.lines().map(str::to_owned).collect());
        }
    }
    let mut found = BTreeMap::new();
    walk(&folder.path(below), &folder.path(below), &mut found);
    found
}

fn into(behavior: Value) -> Value {
    json!({ "type": "FileServerWriteSettings", "copyBehavior": behavior })
}

fn tree() -> Folder {
    let folder = Folder::new();
    put(&folder, "in/a.csv", "id,name\n1,x\n2,y\n");
    put(&folder, "in/deep/er/b.txt", "id,name\n3,z\n");
    put(&folder, "in/deep/empty.csv", "id,name\n");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_becomes_one_at_the_same_place() {
    let folder = tree();
    let mut hashes = Vec::new();
    for (target, parallel) in [("one", 1), ("many", 4)] {
        let mut settings = validated();
        settings["parallelCopies"] = json!(parallel);
        let sink = folder.folder_sink(target);
        let outcome = copy(&folder.folder("in", "*"), &sink, settings).await.unwrap();
        assert_eq!((outcome.rows_read, outcome.rows_copied), (3, 3));
        assert_eq!(
            outcome.extra["dataConsistencyVerification"]["verified"],
            json!("rows and content")
        );
        assert!(outcome.location.ends_with("and 2 more"), "{outcome:?}");
        let found = all(&folder, target);
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            ["a.csv", "deep/empty.csv", "deep/er/b.csv"]
        );
        assert_eq!(found["a.csv"], ["id,name", "1,x", "2,y"]);
        assert_eq!(found["deep/er/b.csv"], ["id,name", "3,z"]);
        assert_eq!(found["deep/empty.csv"], ["id,name"]);
        hashes.push(outcome.content_hash);
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_flattened_or_merged_when_that_is_asked_for() {
    let folder = tree();
    let flat = folder
        .folder_sink("flat")
        .with("storeSettings", into(json!("FlattenHierarchy")));
    copy(&folder.folder("in", "*"), &flat, json!({})).await.unwrap();
    let found = all(&folder, "flat");
    assert_eq!(found.len(), 3, "{found:?}");
    for name in found.keys() {
        assert!(
            name.starts_with("Data.") && name.ends_with(".csv") && !name.contains('/'),
            "{name}"
        );
    }
    let merged = folder
        .folder_sink("merged")
        .with("storeSettings", into(json!("MergeFiles")));
    copy(&folder.folder("in", "*"), &merged, json!({})).await.unwrap();
    let found = all(&folder, "merged");
    assert_eq!(found.values().map(Vec::len).collect::<Vec<_>>(), [4], "{found:?}");

    // One file was named: the rows go there, as the warning says.
    let named = folder
        .csv("named.csv", true)
        .with("storeSettings", into(json!("FlattenHierarchy")));
    let outcome = copy(&folder.folder("in", "*"), &named, json!({})).await.unwrap();
    assert!(
        outcome.warnings.iter().any(|text| text.contains("copyBehavior")),
        "{outcome:?}"
    );
    assert_eq!(
        std::fs::read_to_string(folder.path("named.csv"))
            .unwrap()
            .lines()
            .count(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_before_anything_is_written() {
    let folder = tree();
    put(&folder, "in/a.txt", "id,name\n4,w\n");
    let fault = copy(&folder.folder("in", "*"), &folder.folder_sink("out"), json!({}))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    assert!(
        fault.message.contains("a.csv") && fault.message.contains("a.txt"),
        "{fault}"
    );
    std::fs::remove_file(folder.path("in/a.txt")).unwrap();
    // A file that would be the folder of another.
    put(&folder, "in/deep.csv/c.csv", "id,name\n4,w\n");
    put(&folder, "in/deep.txt", "id,name\n4,w\n");
    let fault = copy(&folder.folder("in", "*"), &folder.folder_sink("out"), json!({}))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    let split = folder
        .folder_sink("out")
        .with("storeSettings", into(json!("PreserveHierarchy")))
        .with("formatSettings", json!({ "maxRowsPerFile": 2 }));
    let fault = copy(&folder.folder("in", "*"), &split, json!({})).await.unwrap_err();
    assert_eq!(fault.code, Code::ActivityUnsupported, "{fault}");
    assert!(all(&folder, "out").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_ends_the_copy_leaves_nothing_and_one_that_is_left_out_is_counted() {
    let folder = tree();
    put(&folder, "in/zz.csv", "id,name\n5,v\n6\n");
    let sink = folder.folder_sink("out");
    let fault = copy(&folder.folder("in", "*"), &sink, json!({})).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
    assert!(all(&folder, "out").is_empty(), "{:?}", all(&folder, "out"));
    let skip = json!({ "enableSkipIncompatibleRow": true });
    let source = folder
        .folder("in", "*")
        .with("additionalColumns", json!([{ "name": "file", "value": "$$FILEPATH" }]));
    let outcome = copy(&source, &sink, skip).await.unwrap();
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (5, 4, 1)
    );
    let found = all(&folder, "out");
    assert_eq!(found["zz.csv"], ["id,name,file", "5,v,zz.csv"]);
    assert_eq!(found["deep/er/b.csv"], ["id,name,file", "3,z,deep/er/b.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_files_are_written_with_few_open() {
    let folder = Folder::new();
    for number in 0..2_000 {
        put(
            &folder,
            &format!("in/{}/{number}.csv", number % 7),
            &format!("id\n{number}\n"),
        );
    }
    let outcome = copy(&folder.folder("in", "*.csv"), &folder.folder_sink("out"), json!({}))
        .await
        .unwrap();
    assert_eq!(outcome.rows_copied, 2_000);
    let found = all(&folder, "out");
    assert_eq!(found.len(), 2_000);
    assert!(
        found
            .iter()
            .all(|(name, lines)| name.ends_with(&format!("/{}.csv", lines[1])))
    );
}

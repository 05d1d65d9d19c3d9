//! From a folder to a folder: which files, and where they go.

use super::bench::{Copy, Folder, copy, noise};
use serde_json::json;
use sluice_contract::Code;
use std::time::{Duration, SystemTime};

fn tree() -> Folder {
    let folder = Folder::new();
    folder.put("in/a.csv", "a");
    folder.put("in/b.txt", "");
    folder.put("in/year=2024/month=1/c.csv", noise(3 << 20));
    folder.put("in/year=2024/month=2/.hidden", "h");
    folder.put("in/year=2025/d e.csv", "d");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hierarchy_is_kept() {
    let folder = tree();
    let done = copy(&folder.end("in"), &folder.end("out/deep")).await.unwrap();
    assert_eq!(folder.all("in"), folder.all("out/deep"));
    let output = done.to_adf_output("gateway");
    assert_eq!(
        (&output["filesRead"], &output["filesWritten"]),
        (&json!(5), &json!(5)),
        "{output}"
    );
    assert_eq!(output["dataRead"], json!(3 * (1 << 20) + 3));
    assert_eq!(output["dataConsistencyVerification"]["VerificationResult"], "Verified");
    assert!(output.get("rowsRead").is_none(), "files have no rows: {output}");
    // The same content has the same hash, whatever the order.
    let again = Copy::new(&folder.end("in"), &folder.end("again")).settings(json!({"parallelCopies": 1}));
    let again = again.run().await.unwrap();
    assert_eq!(folder.all("in"), folder.all("again"));
    assert_eq!(again.content_hash.len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_chosen_by_wildcards_lists_and_times() {
    let folder = tree();
    folder.put("lists/some.txt", "a.csv\r\n\nyear=2025/d e.csv\n");
    let now = SystemTime::now();
    let old = std::fs::File::options()
        .append(true)
        .open(folder.path("in/a.csv"))
        .unwrap();
    old.set_modified(now - Duration::from_secs(100 * 86400)).unwrap();
    let day = |ago: i64| {
        (chrono::Utc::now() - chrono::Duration::days(ago))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    };
    for (at, settings, expected) in [
        (
            "in",
            json!({"wildcardFileName": "*.csv"}),
            &["a.csv", "year=2024/month=1/c.csv", "year=2025/d e.csv"][..],
        ),
        (
            "in",
            json!({"wildcardFileName": "*.csv", "recursive": false}),
            &["a.csv"],
        ),
        (
            "",
            json!({"wildcardFolderPath": "in/year=*/month=[1-3]"}),
            &["year=2024/month=1/c.csv", "year=2024/month=2/.hidden"],
        ),
        (
            "",
            json!({"wildcardFolderPath": "in/year=*", "wildcardFileName": "?.csv"}),
            &["year=2024/month=1/c.csv"],
        ),
        (
            "",
            json!({"wildcardFolderPath": "in/year=*", "recursive": false}),
            &["year=2025/d e.csv"],
        ),
        (
            "",
            json!({"wildcardFolderPath": "in/**", "wildcardFileName": "{c,d e}.csv"}),
            &["year=2024/month=1/c.csv", "year=2025/d e.csv"],
        ),
        (
            "in",
            json!({"fileListPath": "lists/some.txt"}),
            &["a.csv", "year=2025/d e.csv"],
        ),
        ("in", json!({"modifiedDatetimeEnd": day(50)}), &["a.csv"]),
        (
            "in",
            json!({"modifiedDatetimeStart": day(50), "wildcardFileName": "*.csv"}),
            &["year=2024/month=1/c.csv", "year=2025/d e.csv"],
        ),
        (
            "in",
            json!({"modifiedDatetimeStart": day(200), "modifiedDatetimeEnd": day(50)}),
            &["a.csv"],
        ),
    ] {
        let out = Folder::new();
        copy(&folder.end(at).with(settings.clone()), &out.end(""))
            .await
            .unwrap();
        assert_eq!(out.names(""), expected, "{settings}");
    }
    for (settings, code) in [
        (json!({"wildcardFileName": "*.none"}), Code::FileNotFound),
        (json!({"prefix": "a"}), Code::PropertyMissing),
        (json!({"modifiedDatetimeStart": "yesterday"}), Code::PropertyMissing),
        (
            json!({"fileListPath": "lists/some.txt", "wildcardFileName": "*"}),
            Code::PropertyMissing,
        ),
        (json!({"recursive": "perhaps"}), Code::PropertyMissing),
    ] {
        let fault = copy(&folder.end("in").with(settings.clone()), &folder.end("out"))
            .await
            .unwrap_err();
        assert_eq!(fault.code, code, "{settings}: {fault}");
    }
    assert!(folder.names("out").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_gets_the_name_of_the_sink() {
    let folder = tree();
    copy(&folder.end("in").file("a.csv"), &folder.end("out")).await.unwrap();
    copy(&folder.end("in").file("a.csv"), &folder.end("out").file("z"))
        .await
        .unwrap();
    assert_eq!(folder.names("out"), ["a.csv", "z"]);
    let fault = copy(&folder.end("in"), &folder.end("out").file("z")).await.unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hierarchies_are_flattened_and_files_merged() {
    let folder = tree();
    let flat = folder.end("flat").with(json!({"copyBehavior": "FlattenHierarchy"}));
    let job = Copy::new(&folder.end("in").with(json!({"wildcardFileName": "*.csv"})), &flat);
    job.run().await.unwrap();
    let names = folder.names("flat");
    assert_eq!(names.len(), 3);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("Data.") && name.ends_with(".csv")),
        "{names:?}"
    );
    // Another attempt of the same job makes the same names.
    job.run().await.unwrap();
    assert_eq!(folder.names("flat"), names);

    let merged = folder.end("merged").with(json!({"copyBehavior": "MergeFiles"}));
    let done = copy(
        &folder.end("in").with(json!({"wildcardFileName": "*.csv"})),
        &merged.clone().file("all.csv"),
    )
    .await;
    assert_eq!(done.unwrap().extra["filesRead"], 3);
    let all = [b"a".to_vec(), noise(3 << 20), b"d".to_vec()].concat();
    assert!(folder.all("merged")["all.csv"] == all);
    copy(&folder.end("in"), &merged).await.unwrap();
    assert_eq!(folder.names("merged").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_is_deleted_and_nothing_else() {
    let folder = tree();
    let source = folder
        .end("in")
        .with(json!({"wildcardFileName": "*.csv", "deleteFilesAfterCompletion": true}));
    // The sink cannot be made: nothing is deleted.
    folder.put("file", "");
    assert!(copy(&source, &folder.end("file/below")).await.is_err());
    assert_eq!(folder.names("in").len(), 5);
    copy(&source, &folder.end("out")).await.unwrap();
    assert_eq!(folder.names("out").len(), 3);
    assert_eq!(folder.names("in"), ["b.txt", "year=2024/month=2/.hidden"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_budget_moves_large_files() {
    let folder = Folder::new();
    for name in ["a", "b", "c"] {
        folder.put(&format!("in/{name}"), noise(5 << 20));
    }
    let mut job = Copy::new(&folder.end("in"), &folder.end("out")).settings(json!({"validateDataConsistency": true}));
    job.memory = 1 << 20;
    job.run().await.unwrap();
    assert!(folder.all("in") == folder.all("out"));
}

//! Files of a bounded number of rows.

use super::memory::MemoryStore;
use super::sample::{fill, many, read};
use crate::sink;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Sink, SinkRequest};
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn ready(store: &MemoryStore, kind: &str, location: Value, settings: Value) -> Result<Box<dyn Sink>, Fault> {
    let mut of = json!({"type": "FileServerLocation", "folderPath": "out"});
    of.as_object_mut()
        .unwrap()
        .extend(location.as_object().unwrap().clone());
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: json!({ "location": of, "firstRowAsHeader": true })
            .as_object()
            .unwrap()
            .clone(),
        activity: json!({ "formatSettings": settings }).as_object().unwrap().clone(),
        parallel: 2,
        default_name: "run".to_owned(),
        ..SinkRequest::default()
    };
    sink(Arc::new(store.clone()), &request)
}

#[tokio::test]
async fn rows_go_into_numbered_files_that_are_seen_with_the_commit() {
    for (kind, extension) in [
        ("DelimitedText", "csv"),
        ("Json", "json"),
        ("Avro", "avro"),
        ("Parquet", "parquet"),
    ] {
        let store = MemoryStore::default();
        let settings = json!({"maxRowsPerFile": 1000, "fileNamePrefix": "part"});
        let mut sink = ready(&store, kind, json!({}), settings).unwrap();
        let staged = fill(sink.as_mut(), (0..5).map(|at| many(500, at * 500)).collect())
            .await
            .unwrap();
        assert_eq!(staged.rows, 2500);
        assert_eq!(sink.bytes_written(), staged.bytes);
        assert!(store.files.lock().unwrap().is_empty());
        let committed = sink.commit().await.unwrap();
        assert!(
            committed.location.contains("part_00000") && committed.location.ends_with("and 2 more"),
            "{committed:?}"
        );
        assert!(sink.commit().await.unwrap().replayed);
        let names: Vec<String> = store.files.lock().unwrap().keys().cloned().collect();
        let name = |number: usize| format!("out/part_0000{number}.{extension}");
        assert_eq!(names, [name(0), name(1), name(2)]);
        let mut rows = 0;
        for (number, expected) in [(0, 1000), (1, 1000), (2, 500)] {
            let location = json!({"location": {"type": "FileServerLocation", "folderPath": "out",
                "fileName": format!("part_0000{number}.{extension}")}, "firstRowAsHeader": true});
            let back = read(&store, kind, location.as_object().unwrap().clone()).await.unwrap();
            assert_eq!(back.num_rows(), expected);
            rows += back.num_rows();
        }
        assert_eq!(rows, 2500);
    }
}

#[tokio::test]
async fn a_copy_without_rows_writes_one_file_and_an_abort_none() {
    let store = MemoryStore::default();
    let mut sink = ready(&store, "DelimitedText", json!({}), json!({"maxRowsPerFile": 10})).unwrap();
    fill(sink.as_mut(), vec![many(0, 0)]).await.unwrap();
    sink.commit().await.unwrap();
    assert_eq!(store.get("out/run_00000.csv").unwrap(), "number,text\r\n");
    let mut sink = ready(
        &store,
        "DelimitedText",
        json!({}),
        json!({"maxRowsPerFile": 10, "fileNamePrefix": "x"}),
    )
    .unwrap();
    fill(sink.as_mut(), vec![many(25, 0)]).await.unwrap();
    sink.abort().await;
    assert_eq!(store.staged.load(Ordering::SeqCst), 0);
    assert_eq!(store.files.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_store_leaves_nothing_behind() {
    let store = MemoryStore::default();
    store.full_at.store(20_000, Ordering::SeqCst);
    let mut sink = ready(&store, "DelimitedText", json!({}), json!({"maxRowsPerFile": 500})).unwrap();
    let fault = fill(sink.as_mut(), (0..20).map(|at| many(500, at * 500)).collect()).await;
    sink.abort().await;
    assert!(fault.is_err() || store.files.lock().unwrap().is_empty());
    assert_eq!(store.staged.load(Ordering::SeqCst), 0);
}

#[test]
fn several_files_need_a_folder() {
    let store = MemoryStore::default();
    for (location, settings) in [
        (json!({"fileName": "x"}), json!({"maxRowsPerFile": 10})),
        (json!({}), json!({"fileNamePrefix": "x"})),
        (json!({}), json!({"maxRowsPerFile": 10, "fileNamePrefix": "a/b"})),
        (json!({}), json!({"maxRowsPerFile": -1})),
    ] {
        let refused = ready(&store, "DelimitedText", location, settings).err().unwrap();
        assert_eq!(refused.code, Code::PropertyMissing);
    }
}

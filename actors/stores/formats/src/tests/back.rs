//! What was written is read back, before the commit where the store can, and behind it elsewhere.

use super::memory::MemoryStore;
use super::sample::{dataset, edges, edges_with_binary, fill, many};
use crate::sink;
use arrow::compute::cast;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{ContentHash, ReadBack, Sink, SinkRequest, Written};
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn ready(store: &MemoryStore, kind: &str, options: Value, settings: Value) -> Box<dyn Sink> {
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: match settings.get("maxRowsPerFile") {
            None => dataset("x", options),
            Some(_) => json!({ "location": { "type": "FileServerLocation", "folderPath": "out" } })
                .as_object()
                .unwrap()
                .clone(),
        },
        activity: json!({ "formatSettings": settings }).as_object().unwrap().clone(),
        parallel: 2,
        default_name: "run".to_owned(),
        ..SinkRequest::default()
    };
    sink(Arc::new(store.clone()), &request).unwrap()
}

/// Rows and their hash, as the copy makes it: in the types in which they were written.
async fn found(sink: &mut dyn Sink, what: Written, like: &RecordBatch) -> Result<(usize, ContentHash), Fault> {
    let ReadBack::Batches(mut batches) = sink.read_back(what).await? else {
        panic!("it is not read back");
    };
    let (mut rows, mut hash) = (0, ContentHash::default());
    while let Some(batch) = batches.try_next().await? {
        let columns = batch.columns().iter().zip(like.columns());
        let columns = columns.map(|(array, like)| cast(array, like.data_type()).unwrap());
        let schema = Arc::new(arrow::datatypes::Schema::new(
            like.schema()
                .fields()
                .iter()
                .map(|field| field.as_ref().clone().with_nullable(true))
                .collect::<Vec<_>>(),
        ));
        let batch = RecordBatch::try_new(schema, columns.collect()).unwrap();
        rows += batch.num_rows();
        hash.merge(&ContentHash::of(&batch));
    }
    Ok((rows, hash))
}

/// Panics when what is staged reads back as something else than what was written.
pub(super) async fn same_or_impossible(sink: &mut dyn Sink, written: &[RecordBatch]) {
    if let ReadBack::Impossible(why) = sink.read_back(Written::Staged).await.unwrap() {
        assert!(!why.is_empty());
        return;
    }
    let found = found(sink, Written::Staged, &written[0]).await.unwrap();
    assert_eq!(found, of(written));
}

fn of(batches: &[RecordBatch]) -> (usize, ContentHash) {
    let mut hash = ContentHash::default();
    batches.iter().for_each(|batch| hash.merge(&ContentHash::of(batch)));
    (batches.iter().map(RecordBatch::num_rows).sum(), hash)
}

async fn impossible(sink: &mut dyn Sink, what: Written) -> bool {
    matches!(sink.read_back(what).await.unwrap(), ReadBack::Impossible(why) if !why.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_values_are_read_back_of_every_format_and_through_codecs() {
    let gzip = json!({ "compression": { "type": "GZip" }, "compressionCodec": "gzip" });
    let strange = json!({ "columnDelimiter": "||", "quoteAllText": true, "nullValue": "NULL", "rowDelimiter": "\n",
        "encodingName": "UTF-16", "firstRowAsHeader": true });
    for (kind, options, data) in [
        ("DelimitedText", json!({}), edges()),
        ("DelimitedText", strange, edges()),
        ("DelimitedText", gzip.clone(), edges()),
        ("Json", json!({ "encodingName": "UTF-16" }), edges_with_binary()),
        (
            "Json",
            json!({ "compression": { "type": "ZipDeflate" } }),
            edges_with_binary(),
        ),
        (
            "Avro",
            json!({ "avroCompressionCodec": "deflate" }),
            edges_with_binary(),
        ),
        ("Parquet", gzip, edges_with_binary()),
    ] {
        for blind in [false, true] {
            let store = MemoryStore::default();
            store.blind.store(blind, Ordering::SeqCst);
            let mut sink = ready(&store, kind, options.clone(), json!({}));
            fill(sink.as_mut(), vec![data.clone(), data.clone()]).await.unwrap();
            let written = of(&[data.clone(), data.clone()]);
            if blind {
                assert!(impossible(sink.as_mut(), Written::Staged).await);
                sink.commit().await.unwrap();
                assert_eq!(
                    found(sink.as_mut(), Written::Published, &data).await.unwrap(),
                    written,
                    "{kind}"
                );
            } else {
                assert_eq!(
                    found(sink.as_mut(), Written::Staged, &data).await.unwrap(),
                    written,
                    "{kind}"
                );
                sink.commit().await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_are_read_back_one_behind_the_other() {
    for (kind, blind) in [
        ("DelimitedText", false),
        ("Json", true),
        ("Avro", false),
        ("Parquet", true),
    ] {
        let store = MemoryStore::default();
        store.blind.store(blind, Ordering::SeqCst);
        let mut sink = ready(&store, kind, json!({}), json!({ "maxRowsPerFile": 1000 }));
        let data: Vec<_> = (0..5).map(|at| many(500, at * 500)).collect();
        fill(sink.as_mut(), data.clone()).await.unwrap();
        let what = match blind {
            false => Written::Staged,
            true => {
                assert!(impossible(sink.as_mut(), Written::Staged).await);
                sink.commit().await.unwrap();
                Written::Published
            }
        };
        assert_eq!(store.files.lock().unwrap().len(), if blind { 3 } else { 0 });
        assert_eq!(found(sink.as_mut(), what, &data[0]).await.unwrap(), of(&data), "{kind}");
        sink.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_file_that_was_damaged_differs_in_its_column_or_names_what_is_wrong() {
    for (kind, options) in [
        ("DelimitedText", json!({})),
        ("Json", json!({})),
        ("Avro", json!({ "avroCompressionCodec": "none" })),
        ("Parquet", json!({ "compressionCodec": "none" })),
    ] {
        let store = MemoryStore::default();
        store.blind.store(true, Ordering::SeqCst);
        let data = many(2000, 0);
        let mut sink = ready(&store, kind, options, json!({}));
        fill(sink.as_mut(), vec![data.clone()]).await.unwrap();
        sink.commit().await.unwrap();
        let path = store.files.lock().unwrap().keys().next().unwrap().clone();
        let whole = store.get(&path).unwrap();
        let mut bytes = whole.to_vec();
        let at = bytes.windows(9).position(|part| part == b"row 1000 ").unwrap();
        bytes[at] = b'R';
        store.put(&path, bytes);
        let (rows, hash) = found(sink.as_mut(), Written::Published, &data).await.unwrap();
        let (written, expected) = of(std::slice::from_ref(&data));
        assert_eq!((rows, hash.differing(&expected)), (written, vec![1]), "{kind}");

        store.put(&path, whole.slice(..whole.len() / 2));
        let ended = found(sink.as_mut(), Written::Published, &data).await;
        match ended {
            Err(fault) => assert_eq!(fault.code, Code::VerificationFailed, "{kind}: {fault}"),
            // Cut between two rows, or in the last text: it reads, and differs.
            Ok((rows, _)) => assert!(rows < written, "{kind}"),
        }
    }
}

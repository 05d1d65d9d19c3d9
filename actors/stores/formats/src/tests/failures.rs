use super::memory::MemoryStore;
use super::sample::{dataset, edges, edges_with_binary, fill, key, many, open, read, rows, write};
use crate::sink;
use arrow::array::{ArrayRef, IntervalMonthDayNanoArray, ListArray};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{Sink, SinkRequest};
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn sink_of(store: &MemoryStore, kind: &str, path: &str) -> Box<dyn Sink> {
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: dataset(path, json!({})),
        parallel: 2,
        ..SinkRequest::default()
    };
    sink(Arc::new(store.clone()), &request).unwrap()
}

#[tokio::test]
async fn nothing_is_seen_before_the_commit_and_a_commit_can_be_replayed() {
    for kind in ["Parquet", "DelimitedText"] {
        let store = MemoryStore::default();
        store.put("x", "old");
        let mut sink = sink_of(&store, kind, "x");
        let staged = fill(sink.as_mut(), vec![many(1000, 0), many(500, 1000)]).await.unwrap();
        assert_eq!((staged.rows, staged.bytes), (1500, sink.bytes_written()));
        assert_eq!(store.get("x").unwrap(), "old");
        assert!(!sink.commit().await.unwrap().replayed);
        let published = store.get("x").unwrap();
        assert_eq!(published.len() as u64, staged.bytes);
        assert!(sink.commit().await.unwrap().replayed);
        sink.abort().await;
        assert_eq!(store.get("x").unwrap(), published);
    }
}

#[tokio::test]
async fn an_abort_at_any_moment_leaves_nothing() {
    for moment in 0..4 {
        let store = MemoryStore::default();
        let mut sink = sink_of(&store, "Parquet", "x");
        if moment > 0 {
            sink.prepare(many(1, 0).schema(), &key()).await.unwrap();
        }
        let mut writer = None;
        if moment > 1 {
            let mut open = sink.writer().await.unwrap();
            open.write(many(1000, 0)).await.unwrap();
            writer = Some(open);
        }
        if moment > 2 {
            writer.take().unwrap().finish().await.unwrap();
            sink.verify().await.unwrap();
        }
        sink.abort().await;
        assert_eq!(
            (store.staged.load(Ordering::SeqCst), store.get("x")),
            (0, None),
            "{moment}"
        );
        if let Some(mut writer) = writer {
            assert!(writer.write(many(1, 0)).await.is_err() || writer.finish().await.is_err());
        }
        assert!(sink.commit().await.is_err());
    }
}

#[tokio::test]
async fn a_full_store_is_what_writers_hear_of() {
    for kind in ["Parquet", "DelimitedText"] {
        let store = MemoryStore::default();
        store.full_at.store(5000, Ordering::SeqCst);
        let mut sink = sink_of(&store, kind, "x");
        let batches = (0..50).map(|index| many(2000, index)).collect();
        let fault = fill(sink.as_mut(), batches).await.unwrap_err();
        assert_eq!(fault.code, Code::DiskFull);
        sink.abort().await;
        assert_eq!((store.staged.load(Ordering::SeqCst), store.get("x")), (0, None));
    }
}

#[tokio::test]
async fn lost_bytes_are_found_before_or_after_the_commit() {
    for kind in ["Parquet", "DelimitedText"] {
        for blind in [false, true] {
            let store = MemoryStore::default();
            store.loses.store(7, Ordering::SeqCst);
            store.blind.store(blind, Ordering::SeqCst);
            let mut sink = sink_of(&store, kind, "x");
            let filled = fill(sink.as_mut(), vec![many(1000, 0)]).await;
            let fault = match blind {
                false => filled.unwrap_err(),
                true => sink.commit().await.unwrap_err(),
            };
            assert_eq!(fault.code, Code::VerificationFailed, "{kind} {blind}");
        }
    }
}

#[tokio::test]
async fn types_that_a_format_does_not_carry_are_refused() {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![
        Some(1),
    ])]));
    let interval: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![None]));
    let of = |name: &str, array: &ArrayRef| RecordBatch::try_from_iter([(name, array.clone())]).unwrap();
    for (kind, batch, column) in [
        ("DelimitedText", edges_with_binary(), "bytes"),
        ("DelimitedText", of("list", &list), "list"),
        ("DelimitedText", of("span", &interval), "span"),
        ("Parquet", of("span", &interval), "span"),
    ] {
        let store = MemoryStore::default();
        let fault = write(&store, kind, dataset("x", json!({})), vec![batch])
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported);
        assert!(fault.message.contains(column), "{fault}");
        assert_eq!(store.staged.load(Ordering::SeqCst), 0);
    }
    write(
        &MemoryStore::default(),
        "Parquet",
        dataset("x", json!({})),
        vec![of("list", &list)],
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn damaged_parquet_is_a_fault_that_names_the_file() {
    let store = MemoryStore::default();
    write(&store, "Parquet", dataset("good", json!({})), vec![edges(); 20])
        .await
        .unwrap();
    let good = store.get("good").unwrap();
    for bad in [
        &good[..0],
        &good[..3],
        &good[..good.len() - 5],
        b"PAR1\0\0\0\0PAR1",
        b"not a parquet file at all",
    ] {
        store.put("bad.parquet", bad.to_vec());
        let fault = open(&store, "Parquet", dataset("bad.parquet", json!({})), 2)
            .await
            .err()
            .unwrap();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(fault.message.contains("bad.parquet"), "{fault}");
    }
    // Whatever byte is wrong: rows or a fault, never a panic that gets out, never a hang.
    for at in (0..good.len()).step_by(13) {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0x55;
        store.put("bad.parquet", bytes);
        match read(&store, "Parquet", dataset("bad.parquet", json!({}))).await {
            Ok(_) => {}
            Err(fault) => assert_eq!(fault.code, Code::DataInvalid, "{at}: {fault}"),
        }
    }
}

#[tokio::test]
async fn the_stores_own_fault_comes_through() {
    for kind in ["Parquet", "DelimitedText"] {
        let store = MemoryStore::default();
        let batches = (0..40).map(|index| many(10_000, index * 10_000)).collect();
        write(&store, kind, dataset("x", json!({"compressionCodec": "none"})), batches)
            .await
            .unwrap();
        let source = open(&store, kind, dataset("x", json!({})), 1).await.unwrap();
        store.cut_at.store(3 << 20, Ordering::SeqCst);
        assert_eq!(
            rows(source.as_ref()).await.unwrap_err().code,
            Code::StoreUnreachable,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_are_named() {
    let columns = json!({"firstRowAsHeader": true, "schema": [{"name": "n", "type": "Int32"}, {"name": "t"}]});
    for (text, line, why) in [
        ("n,t\n1,a\n2\n", 3, "1 columns"),
        ("n,t\n1,a,b\n", 2, "3 columns"),
        ("n,t\n1,\"a\n", 2, "not closed"),
        ("n,t\n1,\"a\"b\n", 2, "closing quote"),
        ("n,t\n1,x\n2147483648,a\n", 3, "Int32"),
        ("n,t\n\n\n1.5,a\n", 4, "Int32"),
        ("n,t\n1,\"x\ny\"\n\"\",a\n", 4, "Int32"),
        ("n,t\r\n1,a\r\n\r\n2\r\n", 4, "1 columns"),
        ("n,t\r1,a\r2\r", 3, "1 columns"),
    ] {
        let store = MemoryStore::default();
        store.put("x.csv", text);
        let fault = read(&store, "DelimitedText", dataset("x.csv", columns.clone()))
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(
            fault.message.starts_with(&format!("x.csv: line {line}: ")) && fault.message.contains(why),
            "{fault}"
        );
    }
    let store = MemoryStore::default();
    store.put("x.csv", b"a\n\xff\n".to_vec());
    let fault = read(&store, "DelimitedText", dataset("x.csv", json!({})))
        .await
        .unwrap_err();
    assert!(
        fault.message.contains("line 2") && fault.message.contains("UTF-8"),
        "{fault}"
    );
}

#[tokio::test]
async fn options_that_are_not_served_are_refused() {
    for options in [
        json!({"encodingName": "UTF-7"}),
        json!({"compressionCodec": "rar"}),
        json!({"columnDelimiter": "||", "rowDelimiter": "||\n"}),
        json!({"columnDelimiter": "|;|", "rowDelimiter": "|;"}),
        json!({"columnDelimiter": "\""}),
        json!({"columnDelimiter": "\n"}),
        json!({"quoteChar": "ab"}),
        json!({"escapeChar": ""}),
        json!({"nullValue": "a,b"}),
        json!({"quoteChar": "", "quoteAllText": true}),
        json!({"firstRowAsHeader": "perhaps"}),
        json!({"location": {"type": "AzureBlobStorageLocation", "fileName": "x"}}),
        json!({"location": 1}),
    ] {
        let store = MemoryStore::default();
        let fault = write(&store, "DelimitedText", dataset("x", options.clone()), vec![many(1, 0)])
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::PropertyMissing, "{options}");
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_told_from_null_is_refused() {
    let store = MemoryStore::default();
    let options = json!({"quoteChar": ""});
    let fault = write(&store, "DelimitedText", dataset("x", options), vec![edges()])
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(
        fault.message.contains("nullValue") && fault.message.contains("row 1"),
        "{fault}"
    );
    // The sink was dropped and not aborted: the upload cleans up by itself.
    let cleaned = async {
        while store.staged.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), cleaned)
        .await
        .unwrap();
    assert_eq!(store.get("x"), None);
}

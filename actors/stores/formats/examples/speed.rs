//! How fast the formats that are read from their beginnings go, on one core and in memory: `cargo run --release --example
//! speed -p sluice-store-formats -- [ROWS [FORMAT]]`. Prints the megabytes of the file and the megabytes per second of CPU, written and read.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId};
use sluice_store_core::{CommitKey, SinkRequest, SourceRequest};
use sluice_store_formats::{ByteReader, ByteStage, ByteStore, Entry, Location, Published, Target};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// One file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Bytes>>>);

struct File(Bytes);

#[async_trait]
impl ByteReader for File {
    fn label(&self) -> &str {
        "memory"
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

#[async_trait]
impl ByteStore for Memory {
    fn location_types(&self) -> &'static [&'static str] {
        &["FileServerLocation"]
    }

    fn has_containers(&self) -> bool {
        false
    }

    async fn find(&self, _location: &Location) -> Result<Vec<Entry>, Fault> {
        let size = self.0.lock().unwrap().iter().map(Bytes::len).sum::<usize>() as u64;
        Ok(vec![Entry {
            container: String::new(),
            path: "x".to_owned(),
            size,
            version: String::new(),
            modified: None,
        }])
    }

    async fn open(&self, _entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        Ok(Arc::new(File(self.0.lock().unwrap()[0].clone())))
    }

    async fn stage(&self, _target: &Target, _key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        self.0.lock().unwrap().clear();
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl ByteStage for Memory {
    fn block_bytes(&self) -> usize {
        1 << 20
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.0.lock().unwrap().push(bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        Ok(None)
    }

    async fn publish(&mut self) -> Result<Published, Fault> {
        Ok(Published {
            location: "memory".to_owned(),
            replayed: false,
        })
    }

    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        Ok(None)
    }

    async fn discard(&mut self) {}
}

/// Rows like those of a table of order lines.
fn rows(count: usize) -> RecordBatch {
    let each = |value: fn(usize) -> i64| Int64Array::from_iter_values((0..count).map(value));
    let money = |factor: i128| {
        let values = (0..count as i128).map(|row| row * factor % 10_494_950);
        Arc::new(
            Decimal128Array::from_iter_values(values)
                .with_precision_and_scale(15, 2)
                .unwrap(),
        ) as ArrayRef
    };
    let day = |offset: i32| {
        Arc::new(Date32Array::from_iter_values(
            (0..count as i32).map(|row| 8000 + row % 2500 + offset),
        ))
    };
    let text = |values: &'static [&'static str]| {
        Arc::new(StringArray::from_iter_values(
            (0..count).map(|row| values[row % values.len()]),
        ))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("orderkey", Arc::new(each(|row| row as i64 / 4 + 1))),
        ("partkey", Arc::new(each(|row| (row as i64 * 7919) % 200_000))),
        ("suppkey", Arc::new(each(|row| (row as i64 * 104_729) % 10_000))),
        (
            "linenumber",
            Arc::new(Int32Array::from_iter_values((0..count as i32).map(|row| row % 7 + 1))),
        ),
        ("quantity", money(100)),
        ("extendedprice", money(7_919)),
        ("discount", money(3)),
        ("tax", money(5)),
        ("returnflag", text(&["A", "N", "R"])),
        ("linestatus", text(&["O", "F"])),
        ("shipdate", day(0)),
        ("commitdate", day(30)),
        ("receiptdate", day(45)),
        (
            "shipinstruct",
            text(&["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]),
        ),
        ("shipmode", text(&["TRUCK", "MAIL", "REG AIR", "SHIP"])),
        (
            "comment",
            text(&[
                "carefully final deposits",
                "ironic, even packages haggle",
                "blithely regular ideas",
            ]),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Seconds of CPU that this process has had: what else the machine does takes none of them.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

async fn run(kind: &str, dataset: Value, batch: &RecordBatch, batches: usize) {
    let mut dataset = dataset.as_object().unwrap().clone();
    dataset.insert(
        "location".to_owned(),
        json!({"type": "FileServerLocation", "fileName": "x"}),
    );
    let store = Memory::default();
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: dataset.clone(),
        parallel: 1,
        ..SinkRequest::default()
    };
    let key = CommitKey {
        job: JobId::generate(),
        attempt: 1,
        token: 1,
    };
    let began = cpu();
    let mut sink = sluice_store_formats::sink(Arc::new(store.clone()), &request).unwrap();
    sink.prepare(batch.schema(), &key).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    for _ in 0..batches {
        writer.write(batch.clone()).await.unwrap();
    }
    writer.finish().await.unwrap();
    sink.verify().await.unwrap();
    sink.commit().await.unwrap();
    let written = cpu() - began;
    let joined = store.0.lock().unwrap().concat();
    *store.0.lock().unwrap() = vec![joined.into()];
    let request = SourceRequest {
        dataset_kind: kind.to_owned(),
        dataset,
        parallel: 1,
        batch_bytes: 4 << 20,
        ..SourceRequest::default()
    };
    let source = sluice_store_formats::source(Arc::new(store.clone()), request)
        .await
        .unwrap();
    let began = cpu();
    let mut stream = source.read(&source.partitions()[0]).await.unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.unwrap().num_rows();
    }
    let read = cpu() - began;
    assert_eq!(rows, batch.num_rows() * batches);
    let megabytes = store.0.lock().unwrap()[0].len() as f64 / 1e6;
    println!(
        "{kind:14} {megabytes:7.1} MB  written {:7.1} MB/s  read {:7.1} MB/s",
        megabytes / written,
        megabytes / read
    );
}

#[tokio::main]
async fn main() {
    let total: usize = std::env::args()
        .nth(1)
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(2_000_000);
    let batch = rows(8192);
    let batches = total.div_ceil(8192);
    let typed: Vec<Value> = [
        "Int64", "Int64", "Int64", "Int32", "Decimal", "Decimal", "Decimal", "Decimal", "String", "String", "Date",
        "Date", "Date", "String", "String", "String",
    ]
    .iter()
    .zip(batch.schema().fields())
    .map(|(kind, field)| json!({"name": field.name(), "type": kind, "precision": 15, "scale": 2}))
    .collect();
    let only = std::env::args().nth(2);
    for (kind, options) in [
        ("DelimitedText", json!({"firstRowAsHeader": true})),
        ("DelimitedText", json!({"firstRowAsHeader": true, "schema": typed})),
        ("Json", json!({})),
        ("Avro", json!({})),
    ] {
        if only.as_deref().is_none_or(|only| only == kind) {
            run(kind, options, &batch, batches).await;
        }
    }
}

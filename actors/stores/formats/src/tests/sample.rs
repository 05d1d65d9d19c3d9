//! Requests and rows for tests.

use super::memory::MemoryStore;
use crate::{sink, source};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array,
    Int32Array, Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId};
use sluice_store_core::source::ORIGINAL_TYPE;
use sluice_store_core::{CommitKey, RejectLog, Rejected, Rejects, Sink, SinkRequest, Source, SourceRequest, Staged};
use std::sync::Arc;

pub(crate) fn key() -> CommitKey {
    CommitKey {
        job: JobId::generate(),
        attempt: 1,
        token: 7,
    }
}

/// `typeProperties` of a dataset: the file, and more options.
pub(crate) fn dataset(path: &str, options: Value) -> sluice_contract::Object {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let mut dataset = json!({"location": {"type": "FileServerLocation", "folderPath": folder, "fileName": file}});
    dataset
        .as_object_mut()
        .unwrap()
        .extend(options.as_object().unwrap().clone());
    dataset.as_object().unwrap().clone()
}

pub(crate) async fn write(
    store: &MemoryStore,
    kind: &str,
    dataset: sluice_contract::Object,
    batches: Vec<RecordBatch>,
) -> Result<Staged, Fault> {
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset,
        parallel: 2,
        default_name: "out".to_owned(),
        ..SinkRequest::default()
    };
    let mut sink = sink(Arc::new(store.clone()), &request)?;
    let staged = fill(sink.as_mut(), batches.clone()).await?;
    // Whatever any test writes is read back as what was written, or not at all.
    super::back::same_or_impossible(sink.as_mut(), &batches).await;
    sink.commit().await?;
    Ok(staged)
}

/// Writes batches with two writers and verifies.
pub(crate) async fn fill(sink: &mut dyn Sink, batches: Vec<RecordBatch>) -> Result<Staged, Fault> {
    sink.prepare(batches[0].schema(), &key()).await?;
    let mut writers = [sink.writer().await?, sink.writer().await?];
    for (index, batch) in batches.into_iter().enumerate() {
        writers[index % 2].write(batch).await?;
    }
    for writer in writers {
        writer.finish().await?;
    }
    sink.verify().await
}

pub(crate) async fn open(
    store: &MemoryStore,
    kind: &str,
    dataset: sluice_contract::Object,
    parallel: usize,
) -> Result<Box<dyn Source>, Fault> {
    source(Arc::new(store.clone()), request(kind, dataset, parallel)).await
}

pub(crate) fn request(kind: &str, dataset: sluice_contract::Object, parallel: usize) -> SourceRequest {
    SourceRequest {
        dataset_kind: kind.to_owned(),
        dataset,
        parallel,
        batch_bytes: 1 << 20,
        ..SourceRequest::default()
    }
}

/// All rows of all partitions, in their order.
pub(crate) async fn rows(source: &dyn Source) -> Result<RecordBatch, Fault> {
    let mut batches = Vec::new();
    for partition in source.partitions() {
        let mut stream = source.read(partition).await?;
        while let Some(batch) = stream.next().await {
            batches.push(batch?);
        }
    }
    Ok(concat_batches(&source.schema(), &batches).unwrap())
}

pub(crate) async fn read(
    store: &MemoryStore,
    kind: &str,
    dataset: sluice_contract::Object,
) -> Result<RecordBatch, Fault> {
    rows(open(store, kind, dataset, 3).await?.as_ref()).await
}

/// Notes what is left out.
#[derive(Default)]
struct Notes(std::sync::Mutex<Vec<Rejected>>);

#[async_trait::async_trait]
impl RejectLog for Notes {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        self.0.lock().unwrap().push(rejected);
        Ok(())
    }
}

/// All rows, and those that were left out.
pub(crate) async fn read_some(
    store: &MemoryStore,
    kind: &str,
    dataset: sluice_contract::Object,
) -> Result<(RecordBatch, Vec<Rejected>), Fault> {
    let notes = Arc::new(Notes::default());
    let request = SourceRequest {
        dataset_kind: kind.to_owned(),
        dataset,
        parallel: 1,
        batch_bytes: 1 << 20,
        rejects: Some(Rejects::new(Arc::clone(&notes) as Arc<dyn RejectLog>)),
        ..SourceRequest::default()
    };
    let source = source(Arc::new(store.clone()), request).await?;
    let batch = rows(source.as_ref()).await?;
    let left_out = std::mem::take(&mut *notes.0.lock().unwrap());
    Ok((batch, left_out))
}

pub(crate) fn texts(columns: &[(&str, Vec<Option<&str>>)]) -> RecordBatch {
    let array = |values: &Vec<Option<&str>>| Arc::new(StringArray::from(values.clone())) as ArrayRef;
    RecordBatch::try_from_iter_with_nullable(columns.iter().map(|(name, values)| (*name, array(values), true))).unwrap()
}

/// Texts that formats trip over.
pub(crate) const EDGES: [Option<&str>; 6] = [
    Some(""),
    None,
    Some("a \"q\" \\ , ; 'x'"),
    Some("line\r\nbreak\n\u{1F9EA}\u{10FFFF} ß \u{FEFF}"),
    Some("NULL"),
    Some("\\\""),
];

/// One column of each type that comes out of PostgreSQL, six rows of edges.
pub(crate) fn edges() -> RecordBatch {
    let tagged = |name: &str, data_type: DataType, original: &str| {
        Field::new(name, data_type, true).with_metadata([(ORIGINAL_TYPE.to_owned(), original.to_owned())])
    };
    let most = 10i128.pow(38) - 1;
    let decimal = Decimal128Array::from(vec![Some(0), None, Some(most), Some(-most), Some(1), Some(-1)]);
    let micros = vec![
        Some(0),
        None,
        Some(-62_135_596_800_000_001),
        Some(1),
        Some(253_402_300_800_000_000),
        Some(-1),
    ];
    let utc: Arc<str> = "UTC".into();
    let columns: Vec<(Field, ArrayRef)> = vec![
        (
            tagged("bool", DataType::Boolean, "boolean"),
            Arc::new(BooleanArray::from(vec![
                Some(true),
                None,
                Some(false),
                Some(true),
                Some(false),
                Some(true),
            ])),
        ),
        (
            tagged("i2", DataType::Int16, "smallint"),
            Arc::new(Int16Array::from(vec![
                Some(i16::MIN),
                None,
                Some(i16::MAX),
                Some(0),
                Some(1),
                Some(-1),
            ])),
        ),
        (
            tagged("i4", DataType::Int32, "integer"),
            Arc::new(Int32Array::from(vec![
                Some(i32::MIN),
                None,
                Some(i32::MAX),
                Some(0),
                Some(1),
                Some(-1),
            ])),
        ),
        (
            tagged("i8", DataType::Int64, "bigint"),
            Arc::new(Int64Array::from(vec![
                Some(i64::MIN),
                None,
                Some(i64::MAX),
                Some(0),
                Some(1),
                Some(-1),
            ])),
        ),
        (
            tagged("f4", DataType::Float32, "real"),
            Arc::new(Float32Array::from(vec![
                Some(f32::MIN_POSITIVE),
                None,
                Some(f32::MAX),
                Some(0.1),
                Some(-0.0),
                Some(f32::NAN),
            ])),
        ),
        (
            tagged("f8", DataType::Float64, "double precision"),
            Arc::new(Float64Array::from(vec![
                Some(5e-324),
                None,
                Some(f64::MAX),
                Some(f64::NEG_INFINITY),
                Some(-0.0),
                Some(f64::NAN),
            ])),
        ),
        (
            tagged("dec", DataType::Decimal128(38, 10), "numeric(38,10)"),
            Arc::new(decimal.with_precision_and_scale(38, 10).unwrap()),
        ),
        (
            tagged("text", DataType::Utf8, "text"),
            Arc::new(StringArray::from(EDGES.to_vec())),
        ),
        (
            tagged("day", DataType::Date32, "date"),
            Arc::new(Date32Array::from(vec![
                Some(0),
                None,
                Some(-2_440_588),
                Some(2_932_897),
                Some(1),
                Some(-1),
            ])),
        ),
        (
            tagged("clock", DataType::Time64(TimeUnit::Microsecond), "time"),
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(0),
                None,
                Some(86_399_999_999),
                Some(1),
                Some(1_000_000),
                Some(3),
            ])),
        ),
        (
            tagged("ts", DataType::Timestamp(TimeUnit::Microsecond, None), "timestamp"),
            Arc::new(TimestampMicrosecondArray::from(micros.clone())),
        ),
        (
            tagged(
                "tz",
                DataType::Timestamp(TimeUnit::Microsecond, Some(utc.clone())),
                "timestamptz",
            ),
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone(utc)),
        ),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// [`edges`] and what only Parquet carries.
pub(crate) fn edges_with_binary() -> RecordBatch {
    let edges = edges();
    let bytes: Vec<Option<&[u8]>> = vec![Some(b""), None, Some(b"\0\xff"), Some(b"x"), Some(b"PAR1"), Some(b"\"")];
    let mut fields: Vec<Field> = edges
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields.push(Field::new("bytes", DataType::Binary, true));
    let mut arrays = edges.columns().to_vec();
    arrays.push(Arc::new(BinaryArray::from(bytes)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// Many rows of numbers and texts.
pub(crate) fn many(rows: i64, from: i64) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(from..from + rows);
    let texts =
        StringArray::from_iter_values((from..from + rows).map(|row| format!("row {row} {}", row.wrapping_mul(7919))));
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("number", DataType::Int64, false),
        Field::new("text", DataType::Utf8, false),
    ]));
    RecordBatch::try_new(schema, vec![Arc::new(numbers), Arc::new(texts)]).unwrap()
}

//! A source that makes its rows as they are read.

use super::support::{Gauge, Place, Script};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::Fault;
use sluice_store_core::{
    BatchStream, FieldHasher, NativeChunk, NativeFormat, NativeStream, Partition, Source, SourcePlan,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many rows there are, and how they are cut.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) total: usize,
    pub(super) partitions: usize,
    pub(super) per_batch: usize,
}

pub(super) fn rows(total: usize, partitions: usize, per_batch: usize) -> Rows {
    Rows {
        total,
        partitions,
        per_batch,
    }
}

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]))
}

/// Rows by their number: every seventh has no name.
pub(super) fn batch(from: usize, to: usize) -> RecordBatch {
    let ids = Int64Array::from_iter_values((from..to).map(|i| i as i64));
    let names: StringArray = (from..to).map(|i| (i % 7 != 0).then(|| format!("row {i}"))).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(ids), Arc::new(names)]).unwrap()
}

pub(super) struct TestSource {
    rows: Rows,
    partitions: Vec<Partition>,
    script: Arc<Script>,
    gauge: Arc<Gauge>,
    bytes: Arc<AtomicU64>,
    encoding: Option<&'static str>,
    /// What it says of every partition.
    mark: Option<String>,
    /// How often a partition was read.
    reads: Arc<AtomicU64>,
}

/// An encoding of the rows of [`batch`].
pub(super) fn format(name: &'static str) -> NativeFormat {
    NativeFormat {
        name,
        columns: vec!["id".to_owned(), "name".to_owned()],
    }
}

/// Rows as lines of text, and the hash of their fields.
fn encode(batch: &RecordBatch) -> NativeChunk {
    let (ids, names) = (
        batch.column(0).as_primitive::<Int64Type>(),
        batch.column(1).as_string::<i32>(),
    );
    let (mut bytes, mut hasher) = (Vec::new(), FieldHasher::new(2));
    for row in 0..batch.num_rows() {
        let id = ids.value(row).to_string();
        let name = (!names.is_null(row)).then(|| names.value(row));
        hasher.field(Some(id.as_bytes()));
        hasher.field(name.map(str::as_bytes));
        hasher.end_row();
        bytes.extend_from_slice(format!("{id},{}\n", name.unwrap_or_default()).as_bytes());
    }
    NativeChunk {
        bytes: bytes.into(),
        rows: batch.num_rows(),
        hash: hasher.take(),
    }
}

impl TestSource {
    pub(super) fn new(rows: Rows, script: Arc<Script>, gauge: Arc<Gauge>) -> Self {
        let partitions = (0..rows.partitions).map(|index| Partition {
            index,
            label: format!("part {index}"),
        });
        Self {
            partitions: partitions.collect(),
            rows,
            script,
            gauge,
            bytes: Arc::default(),
            encoding: None,
            mark: None,
            reads: Arc::default(),
        }
    }

    /// Says this of its partitions, and counts how often one is read.
    pub(super) fn marked(mut self, mark: Option<String>, reads: Arc<AtomicU64>) -> Self {
        (self.mark, self.reads) = (mark, reads);
        self
    }

    pub(super) fn encoded(mut self, encoding: Option<&'static str>) -> Self {
        self.encoding = encoding;
        self
    }
}

#[async_trait]
impl Source for TestSource {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        Some(self.rows.total as u64)
    }

    fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        self.script.play(Place::Read).await?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        let share = self.rows.total.div_ceil(self.rows.partitions.max(1));
        let (from, to) = (
            share * partition.index,
            (share * (partition.index + 1)).min(self.rows.total),
        );
        let per_batch = self.rows.per_batch;
        let (script, gauge, bytes) = (self.script.clone(), self.gauge.clone(), self.bytes.clone());
        let starts = futures::stream::iter((from..to).step_by(per_batch));
        Ok(starts
            .then(move |start| {
                let (script, gauge, bytes) = (script.clone(), gauge.clone(), bytes.clone());
                async move {
                    // The first batches are read before anything goes wrong.
                    if start >= from + per_batch {
                        script.play(Place::Batch).await?;
                    }
                    let batch = batch(start, (start + per_batch).min(to));
                    gauge.add(batch.get_array_memory_size());
                    bytes.fetch_add(batch.get_array_memory_size() as u64, Ordering::SeqCst);
                    Ok(batch)
                }
            })
            .boxed())
    }

    fn native(&self) -> Option<NativeFormat> {
        self.encoding.map(format)
    }

    async fn read_native(&self, partition: &Partition) -> Result<NativeStream, Fault> {
        let (batches, gauge) = (self.read(partition).await?, self.gauge.clone());
        let chunks = batches.map_ok(move |batch| {
            let chunk = encode(&batch);
            // It is the chunk that is held from here on.
            gauge.remove(batch.get_array_memory_size());
            gauge.add(chunk.bytes.len());
            chunk
        });
        Ok(chunks.boxed())
    }

    fn plan(&self) -> Option<SourcePlan> {
        Some(SourcePlan {
            partitions: self.rows.partitions.into(),
            snapshot: Some("this very moment".to_owned()),
        })
    }

    fn mark(&self, _partition: &Partition) -> Option<String> {
        self.mark.clone()
    }

    fn warnings(&self) -> Vec<String> {
        vec!["made up".to_owned()]
    }
}

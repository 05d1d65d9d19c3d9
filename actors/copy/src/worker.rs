//! A reader and a writer with a short queue between them.

use crate::ContentHash;
use crate::bandwidth::Pace;
use crate::budget::{Budget, Room};
use crate::deal::{Deal, Dealer};
use crate::fault::panicked;
use crate::mapping::{Misfit, Shape, Shaped};
use crate::parts;
use crate::progress::Counters;
use crate::rejects::of_row;
use crate::whereabouts::{Doing, Whereabouts};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    LineForm, NativeChunk, NativeFormat, Part, Partition, Rejected, Rejects, Side, Source, Writer,
};
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;

/// Batches that wait for a writer; the budget bounds their bytes.
pub(crate) const QUEUE: usize = 4;

/// What goes from a reader to its writer.
pub(crate) enum Parcel {
    /// What follows is of this partition.
    Begin(usize),
    /// Rows, with their share of the budget.
    Rows { load: Load, room: Room },
    /// All rows of this partition went before.
    End(usize),
}

/// Rows, in the form in which they are carried.
pub(crate) enum Load {
    Batch(RecordBatch),
    /// As the source's store encodes them, or as lines.
    Native(NativeChunk),
}

/// What all readers of a copy share.
pub(crate) struct Reading {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) schema: SchemaRef,
    /// What the sink gets of it.
    pub(crate) shape: Shape,
    /// The encoding of the source's store, when the sink takes the rows in it.
    pub(crate) native: Option<NativeFormat>,
    /// The form of the sink's lines, when the rows go into it as lines.
    pub(crate) lines: Option<Arc<dyn LineForm>>,
    /// Who hands out the partitions.
    pub(crate) dealer: Arc<dyn Dealer>,
    /// Whether the sink keeps parts.
    pub(crate) keeps_parts: bool,
    /// The parts that other nodes have written, once all are done.
    pub(crate) of_others: OnceLock<Vec<(usize, Part)>>,
    pub(crate) budget: Budget,
    /// How fast it may read.
    pub(crate) pace: Pace,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) batch_bytes: usize,
    pub(crate) counters: Arc<Counters>,
    /// Where rows that cannot be converted are left out.
    pub(crate) rejects: Option<Rejects>,
}

impl Reading {
    /// Whether it is not the copy itself that stands still: others have the memory, or it has read all it may for now.
    pub(crate) fn is_held_up(&self) -> bool {
        self.pace.is_held_up() || self.budget.is_held_up() || self.dealer.is_waiting()
    }

    /// Reads one partition after the other until none is left.
    pub(crate) async fn read(&self, worker: usize, queue: &mpsc::Sender<Parcel>) -> Result<(), Fault> {
        loop {
            let place = match self.dealer.next().await? {
                Deal::Read(place) => place,
                Deal::Over(others) => {
                    // Every worker is told the same.
                    let _ = self.of_others.set(others);
                    return Ok(());
                }
            };
            let partition = self.source.partitions().get(place).ok_or_else(|| {
                let text = format!("partition {place} was handed out, which the source does not have");
                Fault::new(Code::Internal, text)
            })?;
            self.whereabouts.reads(worker, partition, Doing::Reading);
            if queue.send(Parcel::Begin(place)).await.is_err() {
                return Ok(());
            }
            let goes_on = match self.native.is_some() || self.lines.is_some() {
                true => self.native_partition(worker, partition, queue).await?,
                false => self.partition(worker, partition, queue).await?,
            };
            if !goes_on || queue.send(Parcel::End(place)).await.is_err() {
                // The writer has failed and says why itself.
                return Ok(());
            }
            self.whereabouts.reads(worker, partition, Doing::Waiting);
            self.counters.partition_done();
            tracing::debug!(partition = %partition.label, "Partition read");
        }
    }

    async fn partition(
        &self,
        worker: usize,
        partition: &Partition,
        queue: &mpsc::Sender<Parcel>,
    ) -> Result<bool, Fault> {
        let doing = |doing| self.whereabouts.reads(worker, partition, doing);
        let mut batches = self.source.read(partition).await?;
        let mut expected = self.batch_bytes;
        let mut rows = 0;
        loop {
            doing(Doing::Waiting);
            let room = self.budget.reserve(expected).await;
            doing(Doing::Reading);
            let Some(batch) = batches.try_next().await? else {
                return Ok(true);
            };
            doing(Doing::Waiting);
            self.pace.reached(self.source.bytes_read()).await;
            self.check(&batch, partition)?;
            self.counters.read(batch.num_rows());
            let first = rows;
            rows += batch.num_rows();
            // The next batch is likely as large as this one.
            expected = self.batch_bytes.max(batch.get_array_memory_size());
            if !self.pass_on(batch, room, (partition, first), queue).await? {
                return Ok(false);
            }
        }
    }

    /// Reshapes a batch for the sink and hands it to the writer; false when that has failed.
    async fn pass_on(
        &self,
        batch: RecordBatch,
        room: Room,
        (partition, first): (&Partition, usize),
        queue: &mpsc::Sender<Parcel>,
    ) -> Result<bool, Fault> {
        let rows = batch.num_rows();
        let step = self.shape.rows_at_once(self.batch_bytes);
        let mut room = Some(room);
        for from in (0..rows).step_by(step) {
            let piece = match step < rows {
                true => batch.slice(from, step.min(rows - from)),
                false => batch.clone(),
            };
            let Shaped { batch, misfits } = self.shape.apply(piece.clone(), partition.index)?;
            if !misfits.is_empty() {
                self.leave_out(&piece, misfits, partition, first + from).await?;
            }
            let bytes = batch.get_array_memory_size();
            let room = match room.take() {
                Some(room) => self.budget.fit(room, bytes).await,
                None => self.budget.reserve(bytes).await,
            };
            let load = Load::Batch(batch);
            if queue.send(Parcel::Rows { load, room }).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Leaves out rows that could not be converted, where that is allowed; `first` is the number of rows before the piece.
    async fn leave_out(
        &self,
        piece: &RecordBatch,
        misfits: Vec<Misfit>,
        partition: &Partition,
        first: usize,
    ) -> Result<(), Fault> {
        for Misfit { row, fault } in misfits {
            let place = format!("{}, row {}", partition.label, first + row + 1);
            let Some(rejects) = &self.rejects else {
                return Err(fault.context(place));
            };
            let rejected = Rejected {
                side: Side::Copy,
                record: of_row(piece, row),
                place,
                fault,
            };
            rejects.row(rejected).await?;
        }
        Ok(())
    }

    /// A batch of other columns than were announced must not reach the sink.
    fn check(&self, batch: &RecordBatch, partition: &Partition) -> Result<(), Fault> {
        let (got, wanted) = (batch.schema_ref(), &self.schema);
        let same = Arc::ptr_eq(got, wanted)
            || (got.fields().len() == wanted.fields().len()
                && got
                    .fields()
                    .iter()
                    .zip(wanted.fields())
                    .all(|(a, b)| a.data_type() == b.data_type()));
        if same {
            return Ok(());
        }
        let label = &partition.label;
        let message = format!("partition {label}: its columns are not those that were announced");
        Err(Fault::new(Code::DataInvalid, message))
    }
}

/// Writes what comes out of the queue, and finishes the writer when the reader is done.
pub(crate) async fn write(
    worker: usize,
    mut writer: Box<dyn Writer>,
    mut queue: mpsc::Receiver<Parcel>,
    reading: &Reading,
) -> Result<ContentHash, Fault> {
    let mut all = ContentHash::default();
    // Of the partition that is being written.
    let (mut hash, mut written) = (ContentHash::default(), 0_u64);
    let doing = |doing| reading.whereabouts.writes(worker, doing);
    while let Some(parcel) = queue.recv().await {
        doing(Doing::Writing);
        match parcel {
            Parcel::Begin(place) => writer.begin(place).await?,
            Parcel::Rows { load, room } => {
                let rows = write_rows(writer.as_mut(), load, &mut hash).await?;
                drop(room);
                written += rows as u64;
                reading.counters.written(rows);
            }
            Parcel::End(place) => {
                if reading.keeps_parts {
                    doing(Doing::Finishing);
                    reading.finish_part(writer.as_mut(), place, written, &hash).await?;
                }
                all.merge(&std::mem::take(&mut hash));
                written = 0;
            }
        }
        doing(Doing::Waiting);
    }
    doing(Doing::Finishing);
    writer.finish().await?;
    doing(Doing::Waiting);
    reading.counters.step();
    all.merge(&hash);
    Ok(all)
}

async fn write_rows(writer: &mut dyn Writer, load: Load, hash: &mut ContentHash) -> Result<usize, Fault> {
    match load {
        Load::Batch(batch) => {
            let rows = batch.num_rows();
            let for_hash = batch.clone();
            // Hashing is pure computation: it goes on beside the write, off the threads that do I/O.
            let hashed = tokio::task::spawn_blocking(move || ContentHash::of(&for_hash));
            let (written, hashed) = tokio::join!(writer.write(batch), hashed);
            written?;
            hash.merge(&hashed.map_err(|_| panicked("the content hash"))?);
            Ok(rows)
        }
        Load::Native(chunk) => {
            let rows = chunk.rows;
            hash.merge(&chunk.hash);
            writer.write_native(chunk).await?;
            Ok(rows)
        }
    }
}

impl Reading {
    /// A partition is written: it becomes a part of the staging.
    async fn finish_part(
        &self,
        writer: &mut dyn Writer,
        place: usize,
        rows: u64,
        hash: &ContentHash,
    ) -> Result<(), Fault> {
        let part = parts::part(self.source.as_ref(), place, rows, hash, self.native.as_ref())?;
        writer.finish_part(&part).await?;
        self.counters.part_done(rows);
        self.dealer.finished(place, &part).await
    }
}

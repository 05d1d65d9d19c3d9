//! Writing: stage everything, verify it, publish it once.

use crate::{BatchStream, LineForm, NativeChunk, NativeFormat, NativeStream, Part};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use serde_json::Value;
use sluice_contract::{Code, Fault, JobId};
use std::sync::Arc;

/// The identity of an attempt, in the names of everything it stages and in what it commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitKey {
    /// The job.
    pub job: JobId,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// The fencing token: a sink that can remember it refuses a smaller one.
    pub token: u64,
}

impl CommitKey {
    /// Short, safe in file and table names, and unique for this attempt.
    pub fn tag(&self) -> String {
        let job: String = self.job.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        // The tail of a UUIDv7 is its random part.
        let tail = &job[job.len().saturating_sub(16)..];
        format!("{}_{}_{}", tail.to_ascii_lowercase(), self.attempt, self.token)
    }
}

/// One table or file, ready to be written.
///
/// Life: [`Sink::prepare`], any number of [`Sink::writer`]s at the same time, each written and finished, [`Sink::verify`],
/// then [`Sink::commit`] or [`Sink::abort`]. Until the commit a reader of the store sees nothing new. A sink that is dropped
/// without commit leaves at most staged leftovers named after its [`CommitKey`], which the next attempt removes.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Checks that the schema can be carried exactly and makes the staging place.
    ///
    /// # Errors
    /// `SL6007` for a column that cannot be carried, `SL6012` when source and sink do not fit, other `SL60xx`.
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault>;

    /// Whether rows in another store's encoding can be written as they are, by [`Writer::write_native`]; asked behind
    /// [`prepare`](Self::prepare). Only when the encoding means the same values in the sink's columns.
    fn takes(&self, _format: &NativeFormat) -> bool {
        false
    }

    /// How a row is written as a line of text, where [`Writer::write_native`] takes whole lines; asked behind
    /// [`prepare`](Self::prepare).
    fn lines(&self) -> Option<Arc<dyn LineForm>> {
        None
    }

    /// The partitions that are whole in the staging already, asked behind [`prepare`](Self::prepare); none when the sink keeps
    /// no parts, and [`Writer::finish_part`] is not to be called.
    fn parts(&self) -> Option<&[Part]> {
        None
    }

    /// Forgets everything that was taken over: the staging is empty as after a fresh [`prepare`](Self::prepare).
    ///
    /// # Errors
    /// `SL60xx`.
    async fn start_over(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// What another sink needs to find this one's staging, beside its key; null when the key is enough.
    fn staging_state(&self) -> Value {
        Value::Null
    }

    /// Lets go of everything without removing what was staged: a later attempt will take it over.
    async fn release(&mut self) {}

    /// A writer; several may be used at the same time, up to the request's `parallel`.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn writer(&self) -> Result<Box<dyn Writer>, Fault>;

    /// Closes the staging and counts what it holds, by asking the store and not by adding up what was sent.
    /// All writers are finished before.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn verify(&mut self) -> Result<Staged, Fault>;

    /// Reads back what was written: first what is staged, behind [`verify`](Self::verify); where that cannot be read, what
    /// was published. The columns are those of [`prepare`](Self::prepare), of the same types or of types that Arrow casts
    /// to them without loss; rows in any order.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn read_back(&mut self, _what: Written) -> Result<ReadBack, Fault> {
        Ok(ReadBack::Impossible("the store does not read back".to_owned()))
    }

    /// Publishes what was staged, in one atomic step. Committing the same key again changes nothing.
    ///
    /// # Errors
    /// `SL7004` when the store has seen a larger token; other `SL60xx`, after which nothing or all is published.
    async fn commit(&mut self) -> Result<Committed, Fault>;

    /// Removes what was staged. Best effort; never fails a copy.
    async fn abort(&mut self);

    /// Bytes written so far, as the store takes them.
    fn bytes_written(&self) -> u64;
}

/// One stream of batches into a sink's staging.
#[async_trait]
pub trait Writer: Send {
    /// What is written from now on, until the next such call, is of the source's partition at this place. Said before any of
    /// its rows, and also of one that has none.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn begin(&mut self, _partition: usize) -> Result<(), Fault> {
        Ok(())
    }

    /// Writes a batch; returns when there is room for the next.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault>;

    /// Writes rows in another store's encoding, where [`Sink::takes`] has said so, or as [lines](Sink::lines).
    ///
    /// # Errors
    /// `SL60xx`; `SL9001` when the sink does not take any.
    async fn write_native(&mut self, _chunk: NativeChunk) -> Result<(), Fault> {
        Err(Fault::new(Code::Internal, "the sink takes no other store's encoding"))
    }

    /// What was written since the last such call, or since the writer was made, is this partition, and whole: its rows and
    /// the part itself become durable in the staging in one step. Only where [`Sink::parts`] are kept.
    ///
    /// # Errors
    /// `SL60xx`, and `SL7004` when the staging belongs to a later attempt. `SL9001` when the sink keeps no parts.
    async fn finish_part(&mut self, _part: &Part) -> Result<(), Fault> {
        Err(Fault::new(Code::Internal, "the sink keeps no parts"))
    }

    /// All batches are durable in the staging.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn finish(self: Box<Self>) -> Result<(), Fault>;
}

/// What the staging holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// Rows.
    pub rows: u64,
    /// Bytes, as the store takes them.
    pub bytes: u64,
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Where it lies, for people: a path, an address, a table.
    pub location: String,
    /// Whether an earlier attempt with the same key had published it already.
    pub replayed: bool,
}

/// Which of its rows a sink reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Those in the staging.
    Staged,
    /// Those that the commit published, and no others.
    Published,
}

/// What a sink reads back.
pub enum ReadBack {
    /// As batches.
    Batches(BatchStream),
    /// In the encoding in which they were written.
    Native(NativeStream),
    /// Not at all, and why. For [`Written::Staged`]: the copy asks again behind the commit.
    Impossible(String),
}

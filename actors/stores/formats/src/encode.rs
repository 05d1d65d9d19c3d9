//! What a format does on the writing side, on a thread that may block.

use crate::bytes::ByteReader;
use crate::codec::{self, Compression};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{LineForm, ReadBack};
use std::io::Write;
use std::sync::Arc;

/// A format, ready to write files.
#[async_trait]
pub(crate) trait WriteFormat: Send + Sync + 'static {
    /// The ending of its files, with the dot.
    fn extension(&self) -> &'static str;

    /// What whole files of it are wrapped in; its encoder and its count see to that.
    fn compression(&self) -> &Compression {
        &codec::NONE
    }

    /// Refuses columns that it cannot carry exactly.
    fn check(&self, schema: &SchemaRef) -> Result<(), Fault>;

    /// An encoder into `out`.
    fn encoder(&self, schema: &SchemaRef, out: Box<dyn Write + Send>) -> Result<Box<dyn Encoder>, Fault>;

    /// How its rows are encoded apart from one another, by whoever has them; none for formats whose rows hang together.
    fn portions(&self, _schema: &SchemaRef) -> Option<Arc<dyn Portions>> {
        None
    }

    /// How a row of these columns is a line of text by itself; none for formats of which it is none.
    fn lines(&self, _schema: &SchemaRef) -> Option<Arc<dyn LineForm>> {
        None
    }

    /// Rows of a complete file, counted from its bytes.
    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault>;

    /// Reads a complete file back, as the columns of this schema that were written into it; or says why it cannot.
    async fn read_back(&self, file: Arc<dyn ByteReader>, schema: &SchemaRef) -> Result<ReadBack, Fault>;

    /// Rows of a published file, if they can be told without reading all of it.
    async fn peek(&self, file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault>;
}

/// One file being encoded. Errors of its `out` come back as the fault of the upload; see [`crate::pipeline`].
pub(crate) trait Encoder: Send {
    /// Encodes a batch.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault>;

    /// Takes in rows that [`Portions`] of the same format and columns have encoded, or that are [lines](WriteFormat::lines) of it.
    fn write_portion(&mut self, _rows: u64, _portion: &[u8]) -> Result<(), Fault> {
        Err(crate::fault::internal("the format encodes no portions"))
    }

    /// Writes the end of the file; says how many rows it holds.
    fn finish(self: Box<Self>) -> Result<u64, Fault>;
}

/// Encodes batches of one file on several threads; [`Encoder::write_portion`] puts them one behind the other.
pub(crate) trait Portions: Send + Sync {
    /// The bytes of the rows; none when something is wrong with them: the file's own encoder then gets the batch, and says
    /// which row of the file it is.
    fn encode(&self, batch: &RecordBatch) -> Option<Vec<u8>>;
}

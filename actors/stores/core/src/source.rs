//! Reading.

use crate::files::Entry;
use crate::{LineForm, NativeFormat, NativeStream, SourcePlan};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// Batches of one partition, in order. The stream ends with the first error.
pub type BatchStream = BoxStream<'static, Result<RecordBatch, Fault>>;

/// An independently readable slice of a source.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its place, from 0.
    pub index: usize,
    /// For people and for the ledger: what it covers, stable for the same source.
    pub label: String,
}

/// One table, query, file or set of files, ready to be read.
///
/// All partitions see one snapshot where [`crate::Capabilities::snapshot`] says so. Dropping the source releases it.
#[async_trait]
pub trait Source: Send + Sync {
    /// The schema of every batch. Field metadata under [`ORIGINAL_TYPE`] names the store's own type.
    fn schema(&self) -> SchemaRef;

    /// The partitions; at least one.
    fn partitions(&self) -> &[Partition];

    /// The store's own estimate of all rows, for progress only.
    fn rows_expected(&self) -> Option<u64>;

    /// Bytes read so far over all partitions, as the store delivers them.
    fn bytes_read(&self) -> u64;

    /// Reads one partition. Pulling is back-pressure: nothing is read far ahead.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault>;

    /// The store's own encoding of these rows, for a sink that takes it as it is; see [`crate::Sink::takes`].
    fn native(&self) -> Option<NativeFormat> {
        None
    }

    /// Reads one partition in its [native](Self::native) encoding.
    ///
    /// # Errors
    /// `SL60xx`; `SL9001` when there is none.
    async fn read_native(&self, partition: &Partition) -> Result<NativeStream, Fault> {
        let text = format!("{} has no encoding of its own", partition.label);
        Err(Fault::new(Code::Internal, text))
    }

    /// Whether its rows can be read as [lines](Self::read_lines), their content hash being that of the values.
    fn makes_lines(&self) -> bool {
        false
    }

    /// Reads one partition as lines of a sink's form, where the source [makes](Self::makes_lines) them.
    ///
    /// # Errors
    /// `SL60xx`; `SL9001` when it does not.
    async fn read_lines(&self, partition: &Partition, _form: &Arc<dyn LineForm>) -> Result<NativeStream, Fault> {
        let text = format!("{} is not read as lines", partition.label);
        Err(Fault::new(Code::Internal, text))
    }

    /// The file that a partition lies in, for sources of files.
    fn file(&self, _partition: &Partition) -> Option<&Entry> {
        None
    }

    /// How this source is cut, so that [`crate::SourceRequest::plan`] cuts another one in the same way; none when it cannot be.
    fn plan(&self) -> Option<SourcePlan> {
        None
    }

    /// A mark of what a partition holds, cheap to know: as long as it is the same, so are the rows. None when only reading
    /// them again tells.
    fn mark(&self, _partition: &Partition) -> Option<String> {
        None
    }

    /// All rows were copied and committed: what was asked to happen with the source then, such as deleting its files.
    ///
    /// # Errors
    /// `SL60xx`; the copy stays committed, and tells the fault as a warning.
    async fn completed(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// What a user should know, such as widened types.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Field metadata key: the type's name in the store it came from, such as `timestamptz` or `numeric(38,10)`.
pub const ORIGINAL_TYPE: &str = "sluice.type";

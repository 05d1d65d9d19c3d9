//! Rows that pass through in their store's own encoding, where source and sink speak the same.

use crate::mapping::Shape;
use crate::whereabouts::Doing;
use crate::worker::{Load, Parcel, Reading};
use futures::TryStreamExt;
use sluice_contract::Fault;
use sluice_store_core::{LineForm, NativeFormat, Partition, Sink, Source};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The encoding in which the rows need not be decoded: nothing is changed on the way, and the sink, which is prepared,
/// takes them so. Where rows may be left out they are decoded: whoever leaves one out has to say what was in it.
pub(crate) fn passes_through(
    source: &dyn Source,
    shape: &Shape,
    sink: &dyn Sink,
    may_leave_out: bool,
) -> Option<NativeFormat> {
    let format = source.native()?;
    let passes = !may_leave_out && shape.keeps_columns(&source.schema()) && sink.takes(&format);
    tracing::debug!(
        encoding = format.name,
        passes,
        "Source and sink were asked for a common encoding"
    );
    passes.then_some(format)
}

/// The form of the sink's lines, where the source makes them: nothing is changed on the way, and every row is written.
pub(crate) fn lines(
    source: &dyn Source,
    shape: &Shape,
    sink: &dyn Sink,
    may_leave_out: bool,
) -> Option<Arc<dyn LineForm>> {
    let may = !may_leave_out && source.makes_lines() && shape.keeps_columns(&source.schema());
    let form = may.then(|| sink.lines()).flatten();
    tracing::debug!(passes = form.is_some(), "Source and sink were asked for lines");
    form
}

impl Reading {
    /// Reads one partition in its store's encoding, or as lines of the sink, and hands it to the writer; false when that has
    /// failed.
    pub(crate) async fn native_partition(
        &self,
        worker: usize,
        partition: &Partition,
        queue: &mpsc::Sender<Parcel>,
    ) -> Result<bool, Fault> {
        let doing = |doing| self.whereabouts.reads(worker, partition, doing);
        let mut chunks = match &self.lines {
            Some(form) => self.source.read_lines(partition, form).await?,
            None => self.source.read_native(partition).await?,
        };
        let mut expected = self.batch_bytes;
        loop {
            doing(Doing::Waiting);
            let room = self.budget.reserve(expected).await;
            doing(Doing::Reading);
            let Some(chunk) = chunks.try_next().await? else {
                return Ok(true);
            };
            self.pace.reached(self.source.bytes_read()).await;
            doing(Doing::Waiting);
            self.pace.reached(self.source.bytes_read()).await;
            self.counters.read(chunk.rows);
            let bytes = chunk.bytes.len();
            expected = self.batch_bytes.max(bytes);
            let room = self.budget.fit(room, bytes).await;
            let load = Load::Native(chunk);
            if queue.send(Parcel::Rows { load, room }).await.is_err() {
                return Ok(false);
            }
        }
    }
}

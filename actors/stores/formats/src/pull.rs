//! Reading on a thread that may block, as a stream of batches.

use crate::bytes::ByteReader;
use crate::fault;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use sluice_contract::Fault;
use sluice_store_core::BatchStream;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Takes batches of a thread that reads. Says no when nobody wants more.
pub(crate) struct Pushed(mpsc::Sender<Result<RecordBatch, Fault>>);

impl Pushed {
    /// Waits until there is room; false when the reader was dropped.
    pub(crate) fn push(&self, batch: RecordBatch) -> bool {
        self.0.blocking_send(Ok(batch)).is_ok()
    }
}

/// Runs `read` on a thread of its own and streams what it pushes. A panic (a decoder met bytes that it did not expect) ends the
/// stream with `SL6011`.
pub(crate) fn stream<F>(label: String, read: F) -> BatchStream
where
    F: FnOnce(&Pushed) -> Result<(), Fault> + Send + 'static,
{
    let (batches, received) = mpsc::channel(1);
    let work = tokio::task::spawn_blocking(move || {
        let pushed = Pushed(batches);
        read(&pushed)
    });
    let state = (received, Some(work), label);
    futures::stream::unfold(state, |(mut received, mut work, label)| async move {
        if let Some(batch) = received.recv().await {
            return Some((batch, (received, work, label)));
        }
        let ended = match work.take()?.await {
            Ok(Ok(())) => return None,
            Ok(Err(fault)) => fault,
            Err(_) => fault::data(&label, "the reader met bytes that it cannot understand"),
        };
        Some((Err(ended), (received, work, label)))
    })
    .boxed()
}

/// Counts the bytes of another reader.
pub(crate) struct Counted {
    pub(crate) inner: Arc<dyn ByteReader>,
    pub(crate) bytes: Arc<AtomicU64>,
}

#[async_trait]
impl ByteReader for Counted {
    fn label(&self) -> &str {
        self.inner.label()
    }

    fn size(&self) -> u64 {
        self.inner.size()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let bytes = self.inner.read(range).await?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

//! The way from several writers to one encoder.

use crate::fault;
use crate::upload::FirstFault;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::Writer;
use tokio::sync::{mpsc, oneshot};

/// What goes to the encoder.
pub(crate) enum Feed {
    Batch(RecordBatch),
    /// Answered when everything that the same writer sent before is encoded.
    Flush(oneshot::Sender<()>),
    /// No more: write the end of the file.
    Finish,
}

/// One writer; all feed the same encoder.
pub(crate) struct FeedWriter {
    pub(crate) feed: mpsc::Sender<Feed>,
    pub(crate) failed: FirstFault,
}

impl FeedWriter {
    fn why(&self) -> Fault {
        self.failed
            .get()
            .unwrap_or_else(|| fault::internal("the encoder ended early"))
    }
}

#[async_trait]
impl Writer for FeedWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.feed.send(Feed::Batch(batch)).await.map_err(|_| self.why())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        let (done, wait) = oneshot::channel();
        self.feed.send(Feed::Flush(done)).await.map_err(|_| self.why())?;
        wait.await.map_err(|_| self.why())
    }
}

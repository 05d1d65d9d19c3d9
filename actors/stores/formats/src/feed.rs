//! The way from several writers to one encoder.

use crate::encode::Portions;
use crate::fault;
use crate::upload::FirstFault;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::Fault;
use sluice_store_core::{NativeChunk, Writer};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What goes to the encoder.
pub(crate) enum Feed {
    Batch(RecordBatch),
    /// So many rows, and their bytes.
    Portion(u64, Bytes),
    /// Answered when everything that the same writer sent before is encoded.
    Flush(oneshot::Sender<()>),
    /// No more: write the end of the file.
    Finish,
}

/// One writer; all feed the same encoder.
pub(crate) struct FeedWriter {
    pub(crate) feed: mpsc::Sender<Feed>,
    pub(crate) failed: FirstFault,
    /// How this writer encodes its own batches, so that several do it at the same time.
    pub(crate) portions: Option<Arc<dyn Portions>>,
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
        let feed = match &self.portions {
            None => Feed::Batch(batch),
            Some(portions) => {
                let portions = Arc::clone(portions);
                let encode = move || match portions.encode(&batch) {
                    Some(bytes) => Feed::Portion(batch.num_rows() as u64, bytes.into()),
                    None => Feed::Batch(batch),
                };
                let encoded = tokio::task::spawn_blocking(encode).await;
                encoded.map_err(|ended| fault::internal(format!("the encoder ended: {ended}")))?
            }
        };
        self.feed.send(feed).await.map_err(|_| self.why())
    }

    async fn write_native(&mut self, chunk: NativeChunk) -> Result<(), Fault> {
        let feed = Feed::Portion(chunk.rows as u64, chunk.bytes);
        self.feed.send(feed).await.map_err(|_| self.why())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        let (done, wait) = oneshot::channel();
        self.feed.send(Feed::Flush(done)).await.map_err(|_| self.why())?;
        wait.await.map_err(|_| self.why())
    }
}

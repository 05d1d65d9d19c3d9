//! One file on its way: writers -> encoder (a thread that may block) -> upload (a task). Where the format lets them, the writers
//! encode their batches themselves, and the encoder only puts them in a row.

use crate::bytes::ByteStage;
use crate::encode::{Portions, WriteFormat};
use crate::fault;
use crate::feed::{Feed, FeedWriter};
use crate::upload::{BlockWriter, FirstFault, Piece, upload};
use arrow::datatypes::SchemaRef;
use sluice_contract::Fault;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Blocks that wait for the upload. With the one being filled and the one being sent, four blocks are in memory.
const BLOCKS_WAITING: usize = 2;

pub(crate) struct Pipeline {
    feed: mpsc::Sender<Feed>,
    failed: FirstFault,
    portions: Option<Arc<dyn Portions>>,
    cancel: CancellationToken,
    encoder: JoinHandle<Result<u64, Fault>>,
    upload: JoinHandle<(Box<dyn ByteStage>, Result<(), Fault>)>,
    /// Dropping a pipeline ends its tasks.
    _guard: DropGuard,
}

impl Pipeline {
    pub(crate) fn start(
        stage: Box<dyn ByteStage>,
        format: &Arc<dyn WriteFormat>,
        schema: SchemaRef,
        parallel: usize,
        written: Arc<AtomicU64>,
    ) -> Self {
        let failed = FirstFault::default();
        let cancel = CancellationToken::new();
        let (feed, batches) = mpsc::channel(parallel.clamp(1, 4));
        let (pieces, received) = mpsc::channel(BLOCKS_WAITING);
        let block = stage.block_bytes();
        let portions = format.portions(&schema);
        let upload = tokio::spawn(upload(stage, received, written, failed.clone(), cancel.clone()));
        let encoder = {
            let (format, failed, cancel) = (Arc::clone(format), failed.clone(), cancel.clone());
            let handle = Handle::current();
            tokio::task::spawn_blocking(move || {
                let mut batches = batches;
                let result = encode(&handle, format.as_ref(), &schema, &mut batches, &pieces, block, &cancel);
                if let Err(fault) = &result {
                    // The upload's own fault, if there is one, came first and is kept.
                    failed.set(fault.clone());
                }
                drop(batches);
                result
            })
        };
        Self {
            feed,
            failed,
            portions,
            _guard: cancel.clone().drop_guard(),
            cancel,
            encoder,
            upload,
        }
    }

    pub(crate) fn writer(&self) -> FeedWriter {
        FeedWriter {
            feed: self.feed.clone(),
            failed: self.failed.clone(),
            portions: self.portions.clone(),
        }
    }

    /// Ends the file; gives back the stage and the encoder's own count of rows.
    pub(crate) async fn finish(self) -> (Option<Box<dyn ByteStage>>, Result<u64, Fault>) {
        let _ = self.feed.send(Feed::Finish).await;
        drop(self.feed);
        let rows = self.encoder.await;
        let (stage, uploaded) = match self.upload.await {
            Ok((stage, uploaded)) => (Some(stage), uploaded),
            Err(panic) => (None, Err(fault::internal(format!("the upload ended: {panic}")))),
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(panic) => Err(fault::internal(format!("the encoder ended: {panic}"))),
        };
        let result = match (self.failed.get(), rows, uploaded) {
            (Some(first), _, _) => Err(first),
            (None, Ok(rows), Ok(())) => Ok(rows),
            (None, Err(fault), _) | (None, _, Err(fault)) => Err(fault),
        };
        (stage, result)
    }

    /// Gives up: stops the tasks; the staged bytes are removed when this returns.
    pub(crate) async fn abandon(self) {
        self.cancel.cancel();
        drop(self.feed);
        let _ = self.upload.await;
        let _ = self.encoder.await;
    }
}

fn encode(
    handle: &Handle,
    format: &dyn WriteFormat,
    schema: &SchemaRef,
    batches: &mut mpsc::Receiver<Feed>,
    pieces: &mpsc::Sender<Piece>,
    block: usize,
    cancel: &CancellationToken,
) -> Result<u64, Fault> {
    let mut encoder = format.encoder(schema, Box::new(BlockWriter::new(pieces.clone(), block)))?;
    loop {
        let next = handle.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                next = batches.recv() => next,
            }
        });
        match next {
            Some(Feed::Batch(batch)) => encoder.write(&batch)?,
            Some(Feed::Portion(rows, bytes)) => encoder.write_portion(rows, &bytes)?,
            Some(Feed::Flush(done)) => drop(done.send(())),
            Some(Feed::Finish) => break,
            None => return Err(fault::internal("the copy was given up")),
        }
    }
    // Dropping the encoder hands over its last block.
    let rows = encoder.finish()?;
    pieces
        .blocking_send(Piece::End)
        .map_err(|_| fault::internal("the upload ended early"))?;
    Ok(rows)
}

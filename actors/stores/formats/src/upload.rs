//! The way from the encoder's bytes to the staging place.

use crate::bytes::ByteStage;
use crate::fault;
use bytes::{Bytes, BytesMut};
use sluice_contract::Fault;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The first fault of a pipeline: the one that explains the others.
#[derive(Clone, Default)]
pub(crate) struct FirstFault(Arc<OnceLock<Fault>>);

impl FirstFault {
    pub(crate) fn set(&self, fault: Fault) {
        let _ = self.0.set(fault);
    }

    pub(crate) fn get(&self) -> Option<Fault> {
        self.0.get().cloned()
    }
}

/// What goes to the upload.
pub(crate) enum Piece {
    Bytes(Bytes),
    /// The file is complete.
    End,
}

/// Collects an encoder's small writes into blocks. Blocks the thread while the upload is behind.
pub(crate) struct BlockWriter {
    pub(crate) pieces: mpsc::Sender<Piece>,
    pub(crate) block: usize,
    buffer: BytesMut,
}

impl BlockWriter {
    pub(crate) fn new(pieces: mpsc::Sender<Piece>, block: usize) -> Self {
        Self {
            pieces,
            block,
            buffer: BytesMut::new(),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let bytes = self.buffer.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        self.pieces
            .blocking_send(Piece::Bytes(bytes))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for BlockWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.block - self.buffer.len().min(self.block);
        let taken = bytes.len().min(room.max(1));
        if self.buffer.capacity() == 0 {
            self.buffer.reserve(self.block);
        }
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() >= self.block {
            self.send()?;
        }
        Ok(taken)
    }

    /// Nothing: blocks go out when they are full, and the rest with [`Drop`] of the encoder, which happens before `End`.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for BlockWriter {
    fn drop(&mut self) {
        // The last block may wait for long, among those of many files: it takes no more memory than it has bytes.
        if self.buffer.len() < self.block / 2 {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        // A lost upload has left its fault behind already.
        let _ = self.send();
    }
}

/// Writes pieces to a stage until `End`, and makes them durable. Gives the stage back whatever happens; when it failed, the
/// staged bytes are removed already.
pub(crate) async fn upload(
    mut stage: Box<dyn ByteStage>,
    mut pieces: mpsc::Receiver<Piece>,
    written: Arc<AtomicU64>,
    failed: FirstFault,
    cancel: CancellationToken,
) -> (Box<dyn ByteStage>, Result<(), Fault>) {
    let work = async {
        loop {
            match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => {
                    let size = bytes.len() as u64;
                    stage.write(bytes).await?;
                    written.fetch_add(size, Ordering::Relaxed);
                }
                Some(Piece::End) => return stage.finish().await,
                None => return Err(fault::internal("the encoder ended early")),
            }
        }
    };
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(fault::internal("the copy was given up")),
        result = work => result,
    };
    if let Err(fault) = &result {
        // Before the channel closes, so that whoever sees it closed finds the reason.
        failed.set(fault.clone());
        pieces.close();
        stage.discard().await;
    }
    (stage, result)
}

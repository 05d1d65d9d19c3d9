//! A file's bytes in order, for a thread that may block.

use crate::bytes::ByteReader;
use crate::fault;
use bytes::{Buf, Bytes};
use sluice_contract::Fault;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// One request; the next is on its way while this one is taken apart.
const BLOCK: u64 = 2 << 20;

/// Reads a file from its beginning to its end. The store's faults travel inside the [`io::Error`]; [`fault::of_io`] takes
/// them out again.
pub(crate) struct Blocks {
    file: Arc<dyn ByteReader>,
    handle: Handle,
    /// Where the next request begins.
    at: u64,
    ready: Bytes,
    next: Option<JoinHandle<Result<Bytes, Fault>>>,
}

impl Blocks {
    pub(crate) fn new(file: Arc<dyn ByteReader>, handle: Handle) -> Self {
        Self {
            file,
            handle,
            at: 0,
            ready: Bytes::new(),
            next: None,
        }
    }

    fn request(&mut self) -> Option<JoinHandle<Result<Bytes, Fault>>> {
        let end = self.at.saturating_add(BLOCK).min(self.file.size());
        if self.at >= end {
            return None;
        }
        let (file, range) = (Arc::clone(&self.file), self.at..end);
        self.at = end;
        Some(self.handle.spawn(async move { file.read(range).await }))
    }
}

impl Read for Blocks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            let Some(block) = self.next.take().or_else(|| self.request()) else {
                return Ok(0);
            };
            self.ready = match self.handle.block_on(block) {
                Ok(block) => block.map_err(io::Error::other)?,
                Err(ended) => return Err(io::Error::other(fault::internal(format!("a read ended: {ended}")))),
            };
            self.next = self.request();
        }
        let taken = self.ready.len().min(into.len());
        self.ready.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        if let Some(next) = self.next.take() {
            next.abort();
        }
    }
}

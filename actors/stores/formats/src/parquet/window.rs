//! Page-wise reading: every column chunk is read through a window of bounded size, so that the memory of a reader does not
//! grow with the row groups of the file.

use crate::bytes::ByteReader;
use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};
use sluice_contract::Fault;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::Handle;

/// Bytes of all windows of one reader.
const ALL_WINDOWS: u64 = 16 << 20;
/// No window is smaller, however many columns there are: a request has its price.
const MIN_WINDOW: u64 = 128 << 10;
/// Nor larger.
const MAX_WINDOW: u64 = 2 << 20;

/// Reads a file for the Parquet decoder from a thread that may block. Clones share what is read.
#[derive(Clone)]
pub(super) struct WindowReader(Arc<Inner>);

struct Inner {
    file: Arc<dyn ByteReader>,
    handle: Handle,
    /// Column chunks by where they begin.
    chunks: BTreeMap<u64, Chunk>,
    window: u64,
    /// By where their column chunk begins.
    windows: Mutex<BTreeMap<u64, Window>>,
    /// The first fault of the store: Arrow's errors keep only its text.
    fault: Arc<OnceLock<Fault>>,
}

struct Chunk {
    end: u64,
    group: usize,
}

struct Window {
    group: usize,
    start: u64,
    bytes: Bytes,
}

impl WindowReader {
    pub(super) fn new(file: Arc<dyn ByteReader>, metadata: &ParquetMetaData, handle: Handle) -> Self {
        let mut chunks = BTreeMap::new();
        for (group, of) in metadata.row_groups().iter().enumerate() {
            for column in of.columns() {
                let (start, length) = column.byte_range();
                let end = start.saturating_add(length);
                chunks.insert(start, Chunk { end, group });
            }
        }
        let columns = metadata
            .row_groups()
            .first()
            .map_or(1, |group| group.num_columns().max(1));
        Self(Arc::new(Inner {
            window: (ALL_WINDOWS / columns as u64).clamp(MIN_WINDOW, MAX_WINDOW),
            file,
            handle,
            chunks,
            windows: Mutex::default(),
            fault: Arc::default(),
        }))
    }

    /// Where the store's own fault is left when reading fails.
    pub(super) fn store_fault(&self) -> Arc<OnceLock<Fault>> {
        Arc::clone(&self.0.fault)
    }
}

impl Inner {
    fn fetch(&self, start: u64, end: u64) -> Result<Bytes> {
        if end > self.file.size() || start > end {
            return Err(ParquetError::EOF("a page lies outside of the file".to_owned()));
        }
        self.handle.block_on(self.file.read(start..end)).map_err(|fault| {
            let _ = self.fault.set(fault.clone());
            ParquetError::External(Box::new(fault))
        })
    }

    /// `least` bytes from `start` and what else the window holds behind; less only where the file ends.
    fn read(&self, start: u64, least: u64) -> Result<Bytes> {
        let size = self.file.size();
        let needed = start.saturating_add(least).min(size);
        let chunk = self.chunks.range(..=start).next_back();
        let Some((&begin, chunk)) = chunk.filter(|(_, chunk)| start < chunk.end) else {
            return self.fetch(start, needed);
        };
        if let Some(bytes) = self.known(begin, start, needed) {
            return Ok(bytes);
        }
        let end = start.saturating_add(self.window).min(chunk.end).min(size).max(needed);
        let bytes = self.fetch(start, end)?;
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        // A batch may span two row groups, never more windows than theirs are kept.
        windows.retain(|_, window| window.group + 1 >= chunk.group);
        let window = Window {
            group: chunk.group,
            start,
            bytes: bytes.clone(),
        };
        windows.insert(begin, window);
        Ok(bytes)
    }

    fn known(&self, chunk: u64, start: u64, needed: u64) -> Option<Bytes> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&chunk)?;
        let end = window.start + window.bytes.len() as u64;
        if start < window.start || needed > end || start >= end {
            return None;
        }
        Some(window.bytes.slice(usize::try_from(start - window.start).ok()?..))
    }
}

impl Length for WindowReader {
    fn len(&self) -> u64 {
        self.0.file.size()
    }
}

impl ChunkReader for WindowReader {
    type T = Pages;

    fn get_read(&self, start: u64) -> Result<Pages> {
        Ok(Pages {
            inner: Arc::clone(&self.0),
            at: start,
            ready: Bytes::new(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.0.read(start, length as u64)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("a page ends behind the end of the file".to_owned()));
        }
        Ok(bytes.slice(..length))
    }
}

/// Reads on from a place, window after window.
pub(super) struct Pages {
    inner: Arc<Inner>,
    at: u64,
    ready: Bytes,
}

impl Read for Pages {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && self.at < self.inner.file.size() {
            self.ready = self.inner.read(self.at, 1).map_err(io::Error::other)?;
        }
        let taken = self.ready.len().min(into.len());
        self.ready.copy_to_slice(&mut into[..taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}

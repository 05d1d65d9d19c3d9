//! A file's bytes from any place, for a thread that may block.

use crate::bytes::ByteReader;
use bytes::{Buf, Bytes};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use tokio::runtime::Handle;

/// One request.
const BLOCK: u64 = 1 << 20;

/// Reads a file where it is asked to. The store's faults travel inside the [`io::Error`].
pub(super) struct Anywhere {
    file: Arc<dyn ByteReader>,
    handle: Handle,
    at: u64,
    /// Bytes that begin at `at`.
    ready: Bytes,
}

impl Anywhere {
    pub(super) fn new(file: Arc<dyn ByteReader>, handle: Handle) -> Self {
        Self {
            file,
            handle,
            at: 0,
            ready: Bytes::new(),
        }
    }
}

impl Read for Anywhere {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let end = self.at.saturating_add(BLOCK).min(self.file.size());
            if self.at >= end {
                return Ok(0);
            }
            self.ready = self
                .handle
                .block_on(self.file.read(self.at..end))
                .map_err(io::Error::other)?;
        }
        let taken = into.len().min(self.ready.len());
        self.ready.copy_to_slice(&mut into[..taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}

impl Seek for Anywhere {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let target =
            target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the file's beginning"))?;
        match target
            .checked_sub(self.at)
            .and_then(|ahead| usize::try_from(ahead).ok())
        {
            Some(ahead) if ahead <= self.ready.len() => self.ready.advance(ahead),
            _ => self.ready = Bytes::new(),
        }
        self.at = target;
        Ok(target)
    }
}

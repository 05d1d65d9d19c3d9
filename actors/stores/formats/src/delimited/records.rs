//! The records of a file, read in blocks from a thread that may block.

use super::dialect::Dialect;
use super::parse::{Parsed, Record};
use crate::bytes::ByteReader;
use crate::fault;
use bytes::Bytes;
use sluice_contract::Fault;
use std::fmt::Display;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// One request; the next is on its way while this one is taken apart.
const BLOCK: u64 = 2 << 20;
/// A record that does not end within this many bytes is a quote that nobody closed.
const RECORD_MAX: usize = 64 << 20;

/// Reads a file's records in order.
pub(super) struct Records {
    file: Arc<dyn ByteReader>,
    dialect: Arc<Dialect>,
    handle: Handle,
    buffer: Vec<u8>,
    /// What of the buffer is taken apart already.
    done: usize,
    /// Where the next request begins.
    at: u64,
    next: Option<JoinHandle<Result<Bytes, Fault>>>,
    /// Records so far, the header included.
    number: u64,
}

impl Records {
    /// Begins behind a byte order mark and the lines to skip.
    pub(super) fn begin(file: Arc<dyn ByteReader>, dialect: Arc<Dialect>, handle: Handle) -> Result<Self, Fault> {
        let mut records = Self {
            file,
            dialect,
            handle,
            buffer: Vec::new(),
            done: 0,
            at: 0,
            next: None,
            number: 0,
        };
        records.fill()?;
        if records.buffer.starts_with("\u{feff}".as_bytes()) {
            records.done = 3;
        }
        for _ in 0..records.dialect.skip_lines {
            records.skip_line()?;
        }
        Ok(records)
    }

    /// Reads the next record; false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Fault> {
        loop {
            let (input, last) = (&self.buffer[self.done..], self.last());
            let parsed = self.dialect.parse(input, last, record);
            match parsed {
                Ok(Parsed::Record(size)) => {
                    self.done += size;
                    self.number += 1;
                    return Ok(true);
                }
                Ok(Parsed::End) => return Ok(false),
                Ok(Parsed::More) if input.len() > RECORD_MAX => {
                    self.number += 1;
                    return Err(self.fault("the row does not end within 64 MiB; is a quote not closed?"));
                }
                Ok(Parsed::More) => self.fill()?,
                Err(why) => {
                    self.number += 1;
                    return Err(self.fault(why));
                }
            }
        }
    }

    /// A fault of the record read last, naming its row. The header is row 1, as an editor counts.
    pub(super) fn fault(&self, why: impl Display) -> Fault {
        let row = self.number + self.dialect.skip_lines;
        fault::data(self.file.label(), format!("row {row}: {why}"))
    }

    fn skip_line(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.buffer[self.done..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.done += end + 1;
                return Ok(());
            }
            if self.last() {
                self.done = self.buffer.len();
                return Ok(());
            }
            self.done = self.buffer.len();
            self.fill()?;
        }
    }

    /// Whether the buffer holds the end of the file.
    fn last(&self) -> bool {
        self.at >= self.file.size() && self.next.is_none()
    }

    /// Moves the rest to the front and appends at least as much as there was, so that a long record is not taken apart from
    /// its beginning too often.
    fn fill(&mut self) -> Result<(), Fault> {
        self.buffer.drain(..self.done);
        self.done = 0;
        let least = self.buffer.len().max(1);
        let mut got = 0;
        while got < least && !self.last() {
            let block = match self.next.take().or_else(|| self.request()) {
                Some(block) => block,
                None => break,
            };
            let block = match self.handle.block_on(block) {
                Ok(block) => block?,
                Err(ended) => return Err(fault::internal(format!("a read ended: {ended}"))),
            };
            self.next = self.request();
            got += block.len();
            self.buffer.extend_from_slice(&block);
        }
        Ok(())
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

impl Drop for Records {
    fn drop(&mut self) {
        if let Some(next) = self.next.take() {
            next.abort();
        }
    }
}

/// Counts a file's rows, header excluded.
pub(super) fn count(file: Arc<dyn ByteReader>, dialect: Arc<Dialect>, handle: Handle) -> Result<u64, Fault> {
    let header = u64::from(dialect.header);
    let mut records = Records::begin(file, dialect, handle)?;
    let mut record = Record::default();
    while records.next(&mut record)? {}
    Ok(records.number.saturating_sub(header))
}

//! The records of a file, read in blocks from a thread that may block.

use super::dialect::Dialect;
use super::parse::{Parsed, Record};
use crate::codec::Input;
use crate::fault;
use sluice_contract::Fault;
use std::fmt::Display;
use std::io::Read;

/// What one read asks for.
const CHUNK: usize = 256 << 10;
/// A record that does not end within this many bytes is a quote that nobody closed.
const RECORD_MAX: usize = 64 << 20;

/// Reads a file's records in order.
pub(super) struct Records<'a> {
    input: Input<'a>,
    dialect: &'a Dialect,
    buffer: Vec<u8>,
    /// What of the buffer is taken apart already.
    done: usize,
    /// Whether the buffer holds the end of the file.
    last: bool,
    /// Records so far, the header included.
    number: u64,
}

impl<'a> Records<'a> {
    /// Begins behind a byte order mark and the lines to skip.
    pub(super) fn begin(input: Input<'a>, dialect: &'a Dialect) -> Result<Self, Fault> {
        let mut records = Self {
            input,
            dialect,
            buffer: Vec::new(),
            done: 0,
            last: false,
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
            let (input, last) = (&self.buffer[self.done..], self.last);
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
        fault::data(&self.input.label, format!("row {row}: {why}"))
    }

    fn skip_line(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.buffer[self.done..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.done += end + 1;
                return Ok(());
            }
            if self.last {
                self.done = self.buffer.len();
                return Ok(());
            }
            self.done = self.buffer.len();
            self.fill()?;
        }
    }

    /// Moves the rest to the front and appends at least as much as there was, so that a long record is not taken apart from
    /// its beginning too often.
    fn fill(&mut self) -> Result<(), Fault> {
        self.buffer.drain(..self.done);
        self.done = 0;
        let least = self.buffer.len().max(1);
        let (mut got, mut end) = (0, self.buffer.len());
        while got < least {
            self.buffer.resize(end + CHUNK, 0);
            let read = self.input.bytes.read(&mut self.buffer[end..]);
            let read = read.map_err(|error| fault::of_io(&self.input.label, &error))?;
            if read == 0 {
                self.last = true;
                break;
            }
            (got, end) = (got + read, end + read);
        }
        self.buffer.truncate(end);
        Ok(())
    }
}

/// Counts a file's rows, header excluded.
pub(super) fn count(input: Input<'_>, dialect: &Dialect) -> Result<u64, Fault> {
    let header = u64::from(dialect.header);
    let mut records = Records::begin(input, dialect)?;
    let mut record = Record::default();
    while records.next(&mut record)? {}
    Ok(records.number.saturating_sub(header))
}

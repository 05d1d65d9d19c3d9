//! The records of a file, read in blocks from a thread that may block.

use super::dialect::Dialect;
use super::parse::{Parsed, Record, Wrong};
use crate::charset::Decoded;
use crate::codec::Input;
use crate::fault;
use sluice_contract::Fault;
use std::fmt::Display;

/// A record that does not end within this many bytes is a quote that nobody closed.
const RECORD_MAX: usize = 64 << 20;

/// Reads a file's records in order.
pub(super) struct Records<'a> {
    label: String,
    input: Decoded<'a>,
    dialect: &'a Dialect,
    buffer: Vec<u8>,
    /// Where in the buffer the record that was read last begins.
    start: usize,
    /// What of the buffer is taken apart already.
    done: usize,
    /// Whether the buffer holds the end of the file.
    last: bool,
    /// Whether the buffer is all UTF-8, but for a character that is cut at its end.
    checked: bool,
    /// Lines before the buffer.
    lines: u64,
    /// Records so far, the header included.
    number: u64,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record.
    Record,
    /// A line that is no record, and why. Reading may go on behind it.
    Wrong(&'static str),
    /// The end of the file.
    End,
}

impl<'a> Records<'a> {
    /// Begins behind a byte order mark and the lines to skip.
    pub(super) fn begin(input: Input<'a>, dialect: &'a Dialect) -> Result<Self, Fault> {
        let mut records = Self {
            label: input.label,
            input: Decoded::new(input.bytes, &dialect.charset),
            dialect,
            buffer: Vec::new(),
            start: 0,
            done: 0,
            last: false,
            checked: true,
            lines: 0,
            number: 0,
        };
        records.fill()?;
        for _ in 0..records.dialect.skip_lines {
            records.skip_line()?;
        }
        Ok(records)
    }

    /// Reads the next record.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<Found, Fault> {
        loop {
            self.start = self.done;
            let input = &self.buffer[self.done..];
            match self.dialect.parse(input, self.last, record) {
                Ok(Parsed::Record(size)) => {
                    self.done += size;
                    self.number += 1;
                    return Ok(Found::Record);
                }
                Ok(Parsed::End) => return Ok(Found::End),
                Ok(Parsed::More) => {}
                Err(Wrong::Open) => {
                    self.number += 1;
                    return Err(self.fault("a quote is not closed"));
                }
                Err(Wrong::BehindQuote(at)) => {
                    if let Some(end) = self.dialect.line_end(input, at, self.last) {
                        self.done += end;
                        self.number += 1;
                        return Ok(Found::Wrong("there is text behind a closing quote"));
                    }
                }
            }
            if input.len() > RECORD_MAX {
                self.number += 1;
                return Err(self.fault("the row does not end within 64 MiB; is a quote not closed?"));
            }
            self.fill()?;
        }
    }

    /// The bytes that the record's fields lie in.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The record as it stands in the file, for people.
    pub(super) fn raw(&self) -> String {
        let raw = String::from_utf8_lossy(&self.buffer[self.start..self.done]);
        raw.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Whether the record is known to be UTF-8.
    pub(super) fn checked(&self) -> bool {
        self.checked
    }

    /// Where the record that was read last stands: its line as an editor counts, or its number where rows are no lines.
    pub(super) fn place(&self) -> String {
        if self.dialect.rows_are_lines() {
            let line = self.lines + lines(&self.buffer[..self.start]) + 1;
            return format!("line {line}");
        }
        format!("row {}", self.number + self.dialect.skip_lines)
    }

    /// The file.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A fault of the record read last, naming its place.
    pub(super) fn fault(&self, why: impl Display) -> Fault {
        fault::data(&self.label, format!("{}: {why}", self.place()))
    }

    fn skip_line(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.buffer[self.done..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.done += end + 1;
                return Ok(());
            }
            self.done = self.buffer.len();
            if self.last {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Moves the rest to the front and appends at least as much as there was, so that a long record is not taken apart from
    /// its beginning too often.
    fn fill(&mut self) -> Result<(), Fault> {
        self.lines += lines(&self.buffer[..self.done]);
        self.buffer.drain(..self.done);
        (self.start, self.done) = (0, 0);
        let least = self.buffer.len().max(1) * 2;
        while self.buffer.len() < least && !self.last {
            let more = self.input.read_into(&mut self.buffer);
            self.last = !more.map_err(|error| fault::of_io(&self.label, &error))?;
        }
        self.checked = match std::str::from_utf8(&self.buffer) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && !self.last,
        };
        Ok(())
    }
}

/// Lines that end in these bytes: with `\n`, `\r\n` or `\r`.
fn lines(bytes: &[u8]) -> u64 {
    let (ends, returns) = (count_of(bytes, b'\n'), count_of(bytes, b'\r'));
    // Most files have none of these.
    let pairs = match returns {
        0 => 0,
        _ => bytes.windows(2).filter(|pair| *pair == b"\r\n").count(),
    };
    (ends + returns - pairs) as u64
}

/// How often a byte is there. Counted in bytes for as long as they hold the number, which a processor does for many at once.
fn count_of(bytes: &[u8], byte: u8) -> usize {
    let in_run = |run: &[u8]| usize::from(run.iter().map(|other| u8::from(*other == byte)).sum::<u8>());
    bytes.chunks(255).map(in_run).sum()
}

/// Counts a file's rows, header excluded.
pub(super) fn count(input: Input<'_>, dialect: &Dialect) -> Result<u64, Fault> {
    let header = u64::from(dialect.header);
    let mut records = Records::begin(input, dialect)?;
    let mut record = Record::default();
    loop {
        match records.next(&mut record)? {
            Found::Record => {}
            Found::Wrong(why) => return Err(records.fault(why)),
            Found::End => return Ok(records.number.saturating_sub(header)),
        }
    }
}

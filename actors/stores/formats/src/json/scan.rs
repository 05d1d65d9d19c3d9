//! The documents of a file, one behind the other: values with white space between them (lines of JSON, or one document), or the
//! elements of an array. Nothing but the document at hand is in memory.

use crate::charset::{Charset, Decoded};
use crate::codec::Input;
use crate::fault;
use sluice_contract::Fault;
use std::fmt::Display;

/// A document that does not end within this many bytes is refused: it is in memory as a whole, and taken apart beside.
const DOCUMENT_MAX: usize = 32 << 20;
/// Objects and arrays within each other.
pub(super) const DEPTH_MAX: usize = 64;

/// Reads a file's documents in order.
pub(super) struct Documents<'a> {
    label: String,
    input: Decoded<'a>,
    buffer: Vec<u8>,
    /// Where in the buffer the document read last begins and ends.
    start: usize,
    end: usize,
    /// Whether the buffer holds the end of the file.
    last: bool,
    /// Lines before the buffer.
    lines: u64,
    /// Documents so far.
    number: u64,
    state: State,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A document.
    Document,
    /// A line that is none, and why. Reading may go on behind it.
    Wrong(&'static str),
    /// The end of the file.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    /// Values with white space between them.
    Values,
    /// In the outermost array.
    Array,
    Over,
}

impl<'a> Documents<'a> {
    pub(super) fn begin(input: Input<'a>, charset: &Charset) -> Self {
        Self {
            label: input.label,
            input: Decoded::new(input.bytes, charset),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            last: false,
            lines: 0,
            number: 0,
            state: State::Begin,
        }
    }

    /// Finds the next document. What it looks like inside is not checked, but for its brackets.
    pub(super) fn next(&mut self) -> Result<Found, Fault> {
        self.start = self.end;
        let first = self.skip_space()?;
        match (self.state, first) {
            (State::Begin | State::Values, None) => return Ok(Found::End),
            (State::Begin, Some(b'[')) => {
                self.start += 1;
                self.state = State::Array;
                if self.skip_space()? == Some(b']') {
                    return self.close();
                }
            }
            (State::Begin | State::Values, Some(_)) => self.state = State::Values,
            (State::Array, Some(b',')) if self.number > 0 => {
                self.start += 1;
                self.skip_space()?;
            }
            (State::Array, Some(b']')) if self.number > 0 => return self.close(),
            (State::Array, _) if self.number > 0 => return Err(self.fault("a comma or the array's end is missing")),
            (State::Array, _) => {}
            (State::Over, None) => return Ok(Found::End),
            (State::Over, Some(_)) => return Err(self.fault("there is more behind the array's end")),
        }
        self.number += 1;
        match self.length()? {
            Ok(0) => Err(self.fault("a value is missing")),
            Ok(length) => {
                self.end = self.start + length;
                Ok(Found::Document)
            }
            // Behind it nothing can be told from an array's end, but from a line's end.
            Err((_, why)) if self.state == State::Array => Err(self.fault(why)),
            Err((at, why)) => {
                self.end = self.line_end(at)?;
                Ok(Found::Wrong(why))
            }
        }
    }

    /// The document's bytes.
    pub(super) fn document(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the document read last begins: its line, and its number in an array.
    pub(super) fn place(&self) -> String {
        let ends = self.buffer[..self.start].iter().filter(|byte| **byte == b'\n').count();
        let line = self.lines + ends as u64 + 1;
        match self.state {
            State::Array | State::Over => format!("line {line}, element {}", self.number),
            _ => format!("line {line}"),
        }
    }

    /// The file.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A fault of the document read last, naming its place.
    pub(super) fn fault(&self, why: impl Display) -> Fault {
        fault::data(&self.label, format!("{}: {why}", self.place()))
    }

    /// The array is over, and nothing may follow.
    fn close(&mut self) -> Result<Found, Fault> {
        self.start += 1;
        self.state = State::Over;
        match self.skip_space()? {
            None => {
                self.end = self.start;
                Ok(Found::End)
            }
            Some(_) => Err(self.fault("there is more behind the array's end")),
        }
    }

    /// Moves `start` to the next byte that is no white space; none at the end of the file.
    fn skip_space(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                self.start += at;
                return Ok(Some(self.buffer[self.start]));
            }
            self.start = self.buffer.len();
            if self.last {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Where the line ends that goes on at `at` behind `start`.
    fn line_end(&mut self, mut at: usize) -> Result<usize, Fault> {
        loop {
            let rest = &self.buffer[self.start + at..];
            match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => return Ok(self.start + at + end),
                None if self.last => return Ok(self.buffer.len()),
                None => at += rest.len(),
            }
            self.fill()?;
        }
    }

    /// Bytes of the value that begins at `start`; or where it goes wrong, and why.
    fn length(&mut self) -> Result<Result<usize, (usize, &'static str)>, Fault> {
        let (mut at, mut depth, mut text) = (0, 0, false);
        // A bit for each level: whether it is an array.
        let mut arrays = 0u128;
        loop {
            let bytes = &self.buffer[self.start..];
            while let Some(byte) = bytes.get(at) {
                if text {
                    match byte {
                        b'"' => {
                            text = false;
                            at += 1;
                            if depth == 0 {
                                return Ok(Ok(at));
                            }
                        }
                        b'\\' => at += 2,
                        b'\n' => return Ok(Err((at, "a text does not end in its line"))),
                        _ => at += 1,
                    }
                    continue;
                }
                match byte {
                    b'"' => text = true,
                    b'{' | b'[' => {
                        depth += 1;
                        arrays = arrays << 1 | u128::from(*byte == b'[');
                        if depth > DEPTH_MAX {
                            return Err(self.fault(format!("values are nested more than {DEPTH_MAX} deep")));
                        }
                    }
                    b'}' | b']' if depth == 0 => return Ok(Ok(at)),
                    b'}' | b']' => {
                        if (arrays & 1 == 1) != (*byte == b']') {
                            return Ok(Err((at, "its brackets do not match")));
                        }
                        arrays >>= 1;
                        depth -= 1;
                        if depth == 0 {
                            return Ok(Ok(at + 1));
                        }
                    }
                    b',' if depth == 0 => return Ok(Ok(at)),
                    byte if depth == 0 && byte.is_ascii_whitespace() => return Ok(Ok(at)),
                    _ => {}
                }
                at += 1;
            }
            if self.last {
                if depth == 0 && !text {
                    return Ok(Ok(bytes.len()));
                }
                return Err(self.fault("the file ends inside of this document"));
            }
            if bytes.len() > DOCUMENT_MAX {
                return Err(self.fault("the document does not end within 32 MiB"));
            }
            self.fill()?;
        }
    }

    /// Drops what is before `start`, and appends at least as much as there is.
    fn fill(&mut self) -> Result<(), Fault> {
        let ends = self.buffer[..self.start].iter().filter(|byte| **byte == b'\n').count();
        self.lines += ends as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        let least = self.buffer.len().max(1) * 2;
        while self.buffer.len() < least && !self.last {
            let more = self.input.read_into(&mut self.buffer);
            self.last = !more.map_err(|error| fault::of_io(&self.label, &error))?;
        }
        Ok(())
    }
}

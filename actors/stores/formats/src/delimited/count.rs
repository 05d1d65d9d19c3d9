//! How many rows a file holds, without looking at what is in them.

use super::dialect::{Dialect, RowEnd};
use super::records;
use crate::charset::Charset;
use crate::codec::Input;
use crate::fault;
use sluice_contract::Fault;
use std::io::Read;

/// What one read asks for.
const CHUNK: usize = 256 << 10;

/// Rows, header excluded.
///
/// # Errors
/// `SL6011` for a file whose quotes do not match.
pub(super) fn rows(input: Input<'_>, dialect: &Dialect) -> Result<u64, Fault> {
    let header = u64::from(dialect.header);
    let lines = match Lines::of(dialect) {
        Some(lines) => lines.count(input)?,
        None => return records::count(input, dialect),
    };
    Ok(lines.saturating_sub(header))
}

/// Where rows end in the usual dialects, in which every mark is one byte or a line's end.
struct Lines {
    delimiter: u8,
    quote: u8,
    escape: u8,
    /// Whether `\r` ends rows, too.
    returns: bool,
    /// Bytes that end something outside of quotes.
    outside: [bool; 256],
}

/// Where in a file one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a row, behind everything that was counted.
    Row,
    /// At the beginning of a field.
    Field,
    /// In a field without quotes.
    Plain,
    /// Behind a `\r` that has ended a row.
    Return,
    /// In a field with quotes.
    Quoted,
    /// Behind an escape in quotes.
    Escaped,
    /// Behind a quote in quotes, which ends them or is the first of two.
    Closed,
}

impl Lines {
    fn of(dialect: &Dialect) -> Option<Self> {
        let (&[delimiter], Some(quote), Some(escape)) = (&dialect.delimiter[..], dialect.quote, dialect.escape) else {
            return None;
        };
        let returns = match &dialect.row_end {
            RowEnd::Any => true,
            RowEnd::Exactly(end) if end == b"\n" => false,
            RowEnd::Exactly(_) => return None,
        };
        if !matches!(dialect.charset, Charset::Utf8 { .. }) || dialect.skip_lines > 0 {
            return None;
        }
        let mut outside = [false; 256];
        outside[usize::from(b'\r')] = returns;
        for byte in [delimiter, b'\n'] {
            outside[usize::from(byte)] = true;
        }
        Some(Self {
            delimiter,
            quote,
            escape,
            returns,
            outside,
        })
    }

    fn count(&self, mut input: Input<'_>) -> Result<u64, Fault> {
        let mut chunk = vec![0; CHUNK];
        let (mut rows, mut at, mut first) = (0, At::Row, true);
        loop {
            let read = input.bytes.read(&mut chunk);
            let mut read = read.map_err(|error| fault::of_io(&input.label, &error))?;
            // A byte order mark is no part of the first field.
            while first && read > 0 && read < 3 {
                let more = input.bytes.read(&mut chunk[read..]);
                match more.map_err(|error| fault::of_io(&input.label, &error))? {
                    0 => break,
                    more => read += more,
                }
            }
            let bytes = &chunk[..read];
            let bytes = if first {
                bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
            } else {
                bytes
            };
            first = false;
            if read == 0 {
                break;
            }
            at = self
                .walk(bytes, at, &mut rows)
                .map_err(|why| fault::data(&input.label, format!("row {}: {why}", rows + 1)))?;
        }
        match at {
            At::Quoted | At::Escaped => Err(fault::data(
                &input.label,
                format!("row {}: a quote is not closed", rows + 1),
            )),
            At::Row | At::Return => Ok(rows),
            _ => Ok(rows + 1),
        }
    }

    /// Goes on from where the bytes before ended.
    fn walk(&self, bytes: &[u8], mut at: At, rows: &mut u64) -> Result<At, &'static str> {
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            match at {
                At::Row | At::Field if byte == self.quote => {
                    at = At::Quoted;
                    index += 1;
                }
                // The `\n` of a pair that has ended its row.
                At::Return => {
                    index += usize::from(byte == b'\n');
                    at = At::Row;
                }
                At::Row | At::Field | At::Plain => {
                    // Delimiters only matter before a quote.
                    let rest = &bytes[index..];
                    let run = match self.returns {
                        true => memchr::memchr3(b'\n', b'\r', self.quote, rest),
                        false => memchr::memchr2(b'\n', self.quote, rest),
                    };
                    let before = |end: usize| match end.checked_sub(1) {
                        Some(last) if rest[last] == self.delimiter => At::Field,
                        Some(_) => At::Plain,
                        None => at,
                    };
                    let Some(run) = run else {
                        return Ok(before(rest.len()));
                    };
                    index += run + 1;
                    at = match rest[run] {
                        quote if quote == self.quote => match before(run) {
                            At::Plain => At::Plain,
                            _ => At::Quoted,
                        },
                        end => self.ended(end, rows),
                    };
                }
                At::Quoted => {
                    let Some(run) = memchr::memchr2(self.quote, self.escape, &bytes[index..]) else {
                        return Ok(At::Quoted);
                    };
                    index += run + 1;
                    at = match bytes[index - 1] == self.quote {
                        true => At::Closed,
                        false => At::Escaped,
                    };
                }
                // Before anything but a mark an escape stands for itself.
                At::Escaped => {
                    index += usize::from(byte == self.quote || byte == self.escape);
                    at = At::Quoted;
                }
                At::Closed if byte == self.quote => {
                    at = At::Quoted;
                    index += 1;
                }
                At::Closed if self.outside[usize::from(byte)] => {
                    index += 1;
                    at = self.ended(byte, rows);
                }
                At::Closed => return Err("there is text behind a closing quote"),
            }
        }
        Ok(at)
    }

    /// Behind a byte that may end a field or a row.
    fn ended(&self, byte: u8, rows: &mut u64) -> At {
        match byte {
            byte if byte == self.delimiter => At::Field,
            b'\r' => {
                *rows += 1;
                At::Return
            }
            _ => {
                *rows += 1;
                At::Row
            }
        }
    }
}

//! Cutting the stream into rows, whatever messages it comes in.

use super::{MAX_BYTES, SIGNATURE, damaged};
use sluice_contract::Fault;
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// Where the fields of some rows lie in a buffer.
pub(crate) struct Grid {
    columns: usize,
    /// Behind the length of every field, row by row.
    starts: Vec<usize>,
    /// Every row's bytes, with its count and lengths.
    bytes: Vec<usize>,
}

impl Grid {
    fn new(columns: usize) -> Self {
        Self {
            columns,
            starts: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of every row in the stream.
    pub(crate) fn bytes(&self) -> &[usize] {
        &self.bytes
    }

    /// A field of a row in the buffer that the grid was made of; none for NULL.
    #[inline]
    pub(crate) fn field<'a>(&self, buffer: &'a [u8], row: usize, column: usize) -> Option<&'a [u8]> {
        let start = *self.starts.get(row * self.columns + column)?;
        let (front, behind) = buffer.split_at_checked(start)?;
        // Negative means NULL. The grid is made of whole rows only, so that nothing else is none.
        let length = usize::try_from(i32::from_be_bytes(*front.last_chunk()?)).ok()?;
        behind.get(..length)
    }

    /// Where a row lies in the buffer, with its count of fields.
    pub(crate) fn row(&self, row: usize) -> Range<usize> {
        // Before the first field: its length, and the count.
        let start = self.starts[row * self.columns] - 6;
        start..start + self.bytes[row]
    }

    fn clear(&mut self) {
        self.starts.clear();
        self.bytes.clear();
    }
}

/// What lies at the start of a buffer.
enum Piece {
    /// Not all of it is there.
    Unfinished,
    /// Header or row of this many bytes.
    Whole(usize),
    /// The end of the stream.
    End,
}

/// Finds the rows of a stream. Holds at most one unfinished row.
pub(crate) struct Frames {
    grid: Grid,
    carry: Vec<u8>,
    state: State,
}

impl Frames {
    /// For rows of this many columns; at least one.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            grid: Grid::new(columns),
            carry: Vec::new(),
            state: State::Header,
        }
    }

    /// Takes the content of a message, which lies there in the buffer. Rows that are whole in it wait in the grid until
    /// [`flush`](Self::flush), which comes before another buffer does; one that the message before began is handed out at once.
    ///
    /// # Errors
    /// `SL6011` when the bytes are not of the format; what `rows` returns.
    pub(crate) fn push(
        &mut self,
        buffer: &[u8],
        content: Range<usize>,
        rows: &mut impl FnMut(&[u8], &Grid) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.carry.is_empty() {
            let end = content.end;
            let used = self.cut(buffer, content)?;
            self.carry.extend_from_slice(&buffer[used..end]);
            return Ok(());
        }
        self.flush(buffer, rows)?;
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(&buffer[content]);
        let used = self.cut(&carry, 0..carry.len())?;
        self.flush(&carry, rows)?;
        carry.drain(..used);
        self.carry = carry;
        Ok(())
    }

    /// Hands out the rows of a buffer that were found so far.
    ///
    /// # Errors
    /// What `rows` returns.
    pub(crate) fn flush(
        &mut self,
        buffer: &[u8],
        rows: &mut impl FnMut(&[u8], &Grid) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.grid.rows() > 0 {
            rows(buffer, &self.grid)?;
            self.grid.clear();
        }
        Ok(())
    }

    /// The stream is over.
    ///
    /// # Errors
    /// `SL6011` when it broke off.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.state {
            State::Ended => Ok(()),
            _ => Err(damaged("it broke off before its end")),
        }
    }

    /// Finds the rows in a part of a buffer; returns where the unfinished one begins.
    fn cut(&mut self, buffer: &[u8], part: Range<usize>) -> Result<usize, Fault> {
        let Range { start: mut at, end: to } = part;
        while at < to {
            let piece = match self.state {
                State::Header => header(&buffer[at..to])?,
                State::Rows => self.tuple(&buffer[..to], at)?,
                State::Ended => return Err(damaged("bytes follow its end")),
            };
            at += match piece {
                Piece::Unfinished => break,
                Piece::End => {
                    self.state = State::Ended;
                    2
                }
                Piece::Whole(length) => {
                    self.state = State::Rows;
                    length
                }
            };
        }
        Ok(at)
    }

    /// Takes the row that begins at `from`, if it is whole.
    fn tuple(&mut self, buffer: &[u8], from: usize) -> Result<Piece, Fault> {
        let Some((count, _)) = buffer[from..].split_first_chunk::<2>() else {
            return Ok(Piece::Unfinished);
        };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Piece::End);
        }
        if usize::try_from(count) != Ok(self.grid.columns) {
            return Err(damaged(&format!(
                "a row has {count} fields instead of {}",
                self.grid.columns
            )));
        }
        let before = self.grid.starts.len();
        let mut at = from + 2;
        for _ in 0..self.grid.columns {
            let Some((length, _)) = buffer.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) else {
                self.grid.starts.truncate(before);
                return Ok(Piece::Unfinished);
            };
            at += 4;
            self.grid.starts.push(at);
            match i32::from_be_bytes(*length) {
                -1 => {}
                // Never reserved: a row is only as long as the bytes that came.
                length => at += usize::try_from(length).map_err(|_| damaged("a field has a negative length"))?,
            }
            if at - from > MAX_BYTES {
                return Err(damaged("a row is longer than 1 GiB"));
            }
        }
        if at > buffer.len() {
            self.grid.starts.truncate(before);
            return Ok(Piece::Unfinished);
        }
        self.grid.bytes.push(at - from);
        Ok(Piece::Whole(at - from))
    }
}

fn header(buffer: &[u8]) -> Result<Piece, Fault> {
    let common = buffer.len().min(SIGNATURE.len());
    if buffer[..common] != SIGNATURE[..common] {
        return Err(damaged("it does not begin as PostgreSQL's binary COPY does"));
    }
    let word = |at: usize| {
        buffer
            .get(at..)
            .and_then(|rest| rest.split_first_chunk::<4>())
            .map(|(word, _)| u32::from_be_bytes(*word))
    };
    let (Some(flags), Some(extension)) = (word(11), word(15)) else {
        return Ok(Piece::Unfinished);
    };
    if flags & 0xffff_0000 != 0 {
        return Err(damaged("it has flags that this version does not know"));
    }
    let length = 19 + extension as usize;
    if length > MAX_BYTES {
        return Err(damaged("its header is longer than 1 GiB"));
    }
    Ok(if length > buffer.len() {
        Piece::Unfinished
    } else {
        Piece::Whole(length)
    })
}

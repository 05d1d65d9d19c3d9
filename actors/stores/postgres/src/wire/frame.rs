//! Cutting the stream into rows, whatever pieces it comes in.

use super::{MAX_BYTES, SIGNATURE};
use bytes::{Buf, BytesMut};
use sluice_contract::{Code, Fault};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// Finds the rows of a stream. Holds at most one unfinished row.
pub(crate) struct Frames {
    columns: usize,
    carry: BytesMut,
    state: State,
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

impl Frames {
    /// For rows of this many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            columns,
            carry: BytesMut::new(),
            state: State::Header,
        }
    }

    /// Takes the next piece and hands out every row that it completes, without its field count.
    ///
    /// # Errors
    /// `SL6011` when the bytes are not of the format; what `row` returns.
    pub(crate) fn push(&mut self, chunk: &[u8], mut row: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        if self.carry.is_empty() {
            let used = self.cut(chunk, &mut row)?;
            self.carry.extend_from_slice(&chunk[used..]);
        } else {
            let mut carry = std::mem::take(&mut self.carry);
            carry.extend_from_slice(chunk);
            let used = self.cut(&carry, &mut row)?;
            carry.advance(used);
            self.carry = carry;
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

    /// Hands out the rows at the start of a buffer; returns how much of it they took.
    fn cut(&mut self, buffer: &[u8], row: &mut impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<usize, Fault> {
        let mut used = 0;
        while used < buffer.len() {
            let rest = &buffer[used..];
            let piece = match self.state {
                State::Header => header(rest)?,
                State::Rows => self.tuple(rest)?,
                State::Ended => return Err(damaged("bytes follow its end")),
            };
            match piece {
                Piece::Unfinished => break,
                Piece::End => {
                    self.state = State::Ended;
                    used += 2;
                }
                Piece::Whole(length) => {
                    if self.state == State::Rows {
                        row(&rest[2..length])?;
                    }
                    self.state = State::Rows;
                    used += length;
                }
            }
        }
        Ok(used)
    }

    fn tuple(&self, buffer: &[u8]) -> Result<Piece, Fault> {
        let Some((count, _)) = buffer.split_first_chunk::<2>() else {
            return Ok(Piece::Unfinished);
        };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Piece::End);
        }
        if usize::try_from(count) != Ok(self.columns) {
            return Err(damaged(&format!(
                "a row has {count} fields instead of {}",
                self.columns
            )));
        }
        let mut at = 2;
        for _ in 0..self.columns {
            let Some((length, _)) = buffer.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) else {
                return Ok(Piece::Unfinished);
            };
            at += 4;
            match i32::from_be_bytes(*length) {
                -1 => {}
                // Never reserved: a row is only as long as the bytes that came.
                length => at += usize::try_from(length).map_err(|_| damaged("a field has a negative length"))?,
            }
            if at > MAX_BYTES {
                return Err(damaged("a row is longer than 1 GiB"));
            }
        }
        Ok(if at > buffer.len() {
            Piece::Unfinished
        } else {
            Piece::Whole(at)
        })
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

/// Splits a row into its fields. The row came from [`Frames`], which has seen that it is whole.
pub(crate) fn fields(row: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = behind;
            return Some(None);
        };
        let (field, behind) = behind.split_at_checked(length)?;
        rest = behind;
        Some(Some(field))
    })
}

fn damaged(why: &str) -> Fault {
    Fault::new(Code::DataInvalid, format!("the server's COPY stream is damaged: {why}"))
}

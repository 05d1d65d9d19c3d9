//! Cutting what the server sends of a COPY into the contents of its messages, whatever pieces it comes in.

use super::damaged;
use bytes::BytesMut;
use sluice_contract::Fault;
use std::ops::Range;

/// A letter and a length.
const HEADER: usize = 5;

/// Finds the contents of `CopyData` messages. Holds at most one unfinished message.
#[derive(Default)]
pub(crate) struct Messages {
    carry: BytesMut,
}

impl Messages {
    /// Takes the next piece and hands out the content of every message that it completes: the buffer it lies in, and where;
    /// then the buffer alone, when there is no more in it.
    ///
    /// # Errors
    /// `SL6011` when the bytes are no such messages; what `content` returns.
    pub(crate) fn push(
        &mut self,
        mut piece: &[u8],
        mut content: impl FnMut(&[u8], Option<Range<usize>>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while !self.carry.is_empty() && !piece.is_empty() {
            let wanted = match length(&self.carry)? {
                Some(length) => length,
                None => HEADER,
            };
            let (taken, rest) = piece.split_at(piece.len().min(wanted - self.carry.len()));
            self.carry.extend_from_slice(taken);
            piece = rest;
            if length(&self.carry)? == Some(self.carry.len()) {
                content(&self.carry, Some(HEADER..self.carry.len()))?;
                content(&self.carry, None)?;
                self.carry.clear();
            }
        }
        let mut at = 0;
        while let Some(length) = length(&piece[at..])? {
            if length > piece.len() - at {
                break;
            }
            content(piece, Some(at + HEADER..at + length))?;
            at += length;
        }
        content(piece, None)?;
        self.carry.extend_from_slice(&piece[at..]);
        Ok(())
    }

    /// The stream is over.
    ///
    /// # Errors
    /// `SL6011` when it broke off.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.carry.is_empty() {
            true => Ok(()),
            false => Err(damaged("it broke off within a message")),
        }
    }
}

/// The length of the message that a buffer begins with; none when its header is not there yet.
fn length(buffer: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(header) = buffer.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let [tag, length @ ..] = *header;
    match (tag, u32::from_be_bytes(length)) {
        (b'd', length @ 4..) => Ok(Some(length as usize + 1)),
        _ => Err(damaged("a message has a damaged header")),
    }
}

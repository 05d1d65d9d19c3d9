//! The bytes of a file in order, within the budget.

use super::sheet::Sheet;
use crate::budget::Room;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use md5::{Digest, Md5};
use sluice_contract::Fault;
use sluice_store_core::files::ByteReader;
use std::sync::Arc;

/// Ranges of one file on their way at the same time.
const AHEAD: usize = 4;
/// Shorter blocks are hashed where they are, longer ones where it does not hold up others.
const HASHED_HERE: usize = 256 << 10;

/// Bytes that give their room back when the last who holds them lets go: a store that sends them later counts, too.
struct Held {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

pub(super) fn held(bytes: Bytes, room: Room) -> Bytes {
    Bytes::from_owner(Held { bytes, _room: room })
}

/// Reads a file in blocks of so many bytes. Room is reserved in the order of the blocks, so that the first in line always has
/// some.
pub(super) fn blocks<'a>(
    sheet: &'a Sheet,
    reader: &'a Arc<dyn ByteReader>,
    block: usize,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'a {
    let size = reader.size();
    let ranges = stream::unfold(0, move |start: u64| async move {
        let end = start.saturating_add(block as u64).min(size);
        if start >= end {
            return None;
        }
        let room = sheet
            .budget
            .reserve(usize::try_from(end - start).unwrap_or(block))
            .await;
        Some(((start..end, room), end))
    });
    ranges
        .map(move |(range, room)| async move {
            let bytes = reader.read(range).await?;
            sheet.pace.reached(sheet.tally.read(bytes.len())).await;
            Ok(held(bytes, room))
        })
        .buffered(AHEAD)
}

/// The MD5 of bytes that come block by block.
#[derive(Clone, Default)]
pub(super) struct Hasher(Md5);

impl Hasher {
    pub(super) async fn add(self, bytes: Bytes) -> Result<Self, Fault> {
        if bytes.len() <= HASHED_HERE {
            return Ok(self.add_here(&bytes));
        }
        let hashed = tokio::task::spawn_blocking(move || self.add_here(&bytes));
        hashed.await.map_err(|_| crate::fault::panicked("hashing"))
    }

    pub(super) fn add_here(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    pub(super) fn finish(self) -> [u8; 16] {
        self.0.finalize().into()
    }
}

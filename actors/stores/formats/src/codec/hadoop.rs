//! The framing of Hadoop's block codecs: blocks of a length of what they hold, and chunks of a length and compressed bytes.

use std::io::{self, Read, Write};

/// Bytes of one block that is written: as large as Hadoop's buffers.
const BLOCK: usize = 256 << 10;
/// A larger block or chunk is refused: it would be held in memory.
const MOST: usize = 64 << 20;

/// What is in the chunks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Snappy,
    Lz4,
}

pub(super) struct Decoder<R> {
    bytes: R,
    kind: Kind,
    /// Of this block, so many bytes are still to come.
    left: usize,
    chunk: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not a stream of Hadoop's blocks: {why}"),
    )
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(bytes: R, kind: Kind) -> Self {
        Self {
            bytes,
            kind,
            left: 0,
            chunk: Vec::new(),
            ready: Vec::new(),
            at: 0,
        }
    }

    /// A length; none at the end of the stream.
    fn length(&mut self) -> io::Result<Option<usize>> {
        let mut length = [0; 4];
        let mut read = 0;
        while read < length.len() {
            match self.bytes.read(&mut length[read..]) {
                Ok(0) if read == 0 => return Ok(None),
                Ok(0) => return Err(damaged("it ends within a length")),
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match usize::try_from(u32::from_be_bytes(length)) {
            Ok(length) if length <= MOST => Ok(Some(length)),
            _ => Err(damaged("a block or chunk of it is longer than 64 MiB")),
        }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let length = self.length()?.ok_or_else(|| damaged("it ends within a block"))?;
        self.chunk.clear();
        let read = (&mut self.bytes).take(length as u64).read_to_end(&mut self.chunk)?;
        if read < length {
            return Err(damaged("it ends within a chunk"));
        }
        let unpacked = match self.kind {
            Kind::Snappy => {
                let size = snap::raw::decompress_len(&self.chunk).map_err(io::Error::from)?;
                if size > self.left {
                    return Err(damaged("a chunk holds more than its block"));
                }
                self.ready.resize(size, 0);
                snap::raw::Decoder::new()
                    .decompress(&self.chunk, &mut self.ready)
                    .map_err(io::Error::from)?
            }
            Kind::Lz4 => {
                self.ready.resize(self.left, 0);
                lz4_flex::block::decompress_into(&self.chunk, &mut self.ready)
                    .map_err(|error| damaged(&error.to_string()))?
            }
        };
        self.ready.truncate(unpacked);
        self.at = 0;
        self.left -= unpacked.min(self.left);
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.left == 0 {
                match self.length()? {
                    None => return Ok(0),
                    Some(length) => self.left = length,
                }
                continue;
            }
            self.next_chunk()?;
        }
        let taken = into.len().min(self.ready.len() - self.at);
        into[..taken].copy_from_slice(&self.ready[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// Writes snappy, one chunk to a block.
pub(super) struct Encoder<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            block: Vec::with_capacity(BLOCK),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let chunk = snap::raw::Encoder::new()
            .compress_vec(&self.block)
            .map_err(io::Error::from)?;
        for length in [self.block.len(), chunk.len()] {
            let length = u32::try_from(length).map_err(io::Error::other)?;
            self.out.write_all(&length.to_be_bytes())?;
        }
        self.block.clear();
        self.out.write_all(&chunk)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.send()
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

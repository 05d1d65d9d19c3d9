//! The stream of rows of one partition as PostgreSQL has encoded them.

use crate::errors;
use crate::session::Session;
use crate::wire::frame::{Frames, Grid};
use crate::wire::lines::Liner;
use crate::wire::message::Messages;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sluice_contract::{Code, Fault};
use sluice_store_core::hash::FieldHasher;
use sluice_store_core::{NativeChunk, NativeFormat, NativeStream};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;
use tokio_postgres::CopyOutStream;

/// A chunk is handed on when it has grown to this.
const CHUNK: usize = 256 * 1024;

/// The encoding of columns of these types.
pub(crate) fn format(types: Vec<String>) -> NativeFormat {
    NativeFormat {
        name: "postgresql copy binary",
        columns: types,
    }
}

/// Makes chunks of what the server sends.
pub(crate) trait Cut: Send + 'static {
    /// Takes the next piece of the stream: `CopyData` messages, cut anywhere.
    fn push(&mut self, piece: &[u8]) -> Result<(), Fault>;

    /// The stream is over: what is left becomes the last chunk.
    fn finish(&mut self) -> Result<(), Fault>;

    /// The next finished chunk.
    fn next(&mut self) -> Option<NativeChunk>;
}

impl Cut for Liner {
    fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        Self::push(self, piece)
    }

    fn finish(&mut self) -> Result<(), Fault> {
        Self::finish(self)
    }

    fn next(&mut self) -> Option<NativeChunk> {
        Self::next(self)
    }
}

/// What is read, and how.
pub(crate) struct NativeReader<'a, C> {
    pub(crate) session: Session,
    pub(crate) place: &'a str,
    pub(crate) statement: String,
    pub(crate) cutter: C,
    pub(crate) bytes_read: Arc<AtomicU64>,
}

/// What a stream holds between two chunks. The order matters: the copy is dropped before its session.
struct Reading<C> {
    copy: Option<(Pin<Box<CopyOutStream>>, mpsc::Receiver<Bytes>)>,
    statement: String,
    cutter: C,
    ended: bool,
    bytes_read: Arc<AtomicU64>,
    doing: String,
    session: Session,
}

/// Runs a COPY and hands its rows on in chunks. It starts with the first pull; dropping the stream stops the server.
pub(crate) fn stream<C: Cut>(reader: NativeReader<'_, C>) -> NativeStream {
    let reading = Reading {
        copy: None,
        statement: reader.statement,
        cutter: reader.cutter,
        ended: false,
        bytes_read: reader.bytes_read,
        doing: format!("reading {}", reader.place),
        session: reader.session,
    };
    // A failed stream ends: its state is not handed on.
    let chunks = stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(reading))),
            Ok(None) => None,
            Err(fault) => Some((Err(fault), None)),
        }
    });
    chunks.boxed()
}

impl<C: Cut> Reading<C> {
    async fn next(&mut self) -> Result<Option<NativeChunk>, Fault> {
        loop {
            if let Some(chunk) = self.cutter.next() {
                return Ok(Some(chunk));
            }
            if self.ended {
                return Ok(None);
            }
            let (copy, pieces) = match &mut self.copy {
                Some(copy) => copy,
                None => {
                    self.session.set_running(true);
                    let bytes = self.bytes_read.clone();
                    let (copy, pieces) = self.session.copy_past(&self.doing, &self.statement, bytes).await?;
                    self.copy.insert((Box::pin(copy), pieces))
                }
            };
            if let Some(piece) = pieces.recv().await {
                self.cutter.push(&piece).map_err(|fault| fault.context(&self.doing))?;
                continue;
            }
            // How it ended.
            match copy.next().await {
                Some(Ok(_)) => {
                    let text = format!("{}: data came past their way", self.doing);
                    return Err(Fault::new(Code::Internal, text));
                }
                Some(Err(error)) => return Err(errors::fault(&self.doing, &error)),
                None => {
                    self.cutter.finish().map_err(|fault| fault.context(&self.doing))?;
                    self.session.set_running(false);
                    self.ended = true;
                }
            }
        }
    }
}

/// Cuts the stream into chunks of whole rows.
pub(crate) struct Cutter {
    messages: Messages,
    frames: Frames,
    gathered: Gathered,
    ready: VecDeque<NativeChunk>,
}

struct Gathered {
    columns: usize,
    bytes: Vec<u8>,
    rows: usize,
    hasher: FieldHasher,
}

impl Cutter {
    /// For rows of so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            messages: Messages::default(),
            frames: Frames::new(columns),
            gathered: Gathered {
                columns,
                bytes: Vec::new(),
                rows: 0,
                hasher: FieldHasher::new(columns),
            },
            ready: VecDeque::new(),
        }
    }
}

impl Cut for Cutter {
    fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        let Self {
            messages,
            frames,
            gathered,
            ready,
        } = self;
        let mut take = |buffer: &[u8], grid: &Grid| {
            gathered.take(buffer, grid);
            Ok(())
        };
        messages.push(piece, |buffer, content| match content {
            Some(content) => frames.push(buffer, content, &mut take),
            None => frames.flush(buffer, &mut take),
        })?;
        if gathered.bytes.len() >= CHUNK {
            ready.extend(gathered.chunk());
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        self.frames.finish()?;
        self.messages.finish()?;
        self.ready.extend(self.gathered.chunk());
        Ok(())
    }

    fn next(&mut self) -> Option<NativeChunk> {
        self.ready.pop_front()
    }
}

impl Gathered {
    fn take(&mut self, buffer: &[u8], grid: &Grid) {
        if self.bytes.capacity() == 0 {
            // A piece more is added before the chunk is handed on.
            self.bytes.reserve(2 * CHUNK + CHUNK / 4);
        }
        for row in 0..grid.rows() {
            self.bytes.extend_from_slice(&buffer[grid.row(row)]);
            for column in 0..self.columns {
                self.hasher.field(grid.field(buffer, row, column));
            }
            self.hasher.end_row();
        }
        self.rows += grid.rows();
    }

    fn chunk(&mut self) -> Option<NativeChunk> {
        let rows = std::mem::take(&mut self.rows);
        (rows > 0).then(|| NativeChunk {
            bytes: Bytes::from(std::mem::take(&mut self.bytes)),
            rows,
            hash: self.hasher.take(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_pass_unchanged_however_the_stream_is_cut() {
        let row = |a: &[u8], b: Option<&[u8]>| {
            let mut row = vec![0, 2];
            row.extend_from_slice(&(a.len() as u32).to_be_bytes());
            row.extend_from_slice(a);
            match b {
                None => row.extend_from_slice(&(-1_i32).to_be_bytes()),
                Some(b) => {
                    row.extend_from_slice(&(b.len() as u32).to_be_bytes());
                    row.extend_from_slice(b);
                }
            }
            row
        };
        let rows: Vec<Vec<u8>> = (0..50_u8)
            .map(|i| row(&vec![i; i.into()], (i % 3 > 0).then_some(&[i, 1])))
            .collect();
        let mut stream = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        stream.extend(rows.concat());
        stream.extend([0xff, 0xff]);
        let mut hashes = Vec::new();
        for (message, piece) in [(1, 7), (40, 1000), (5000, 3), (200, 199)] {
            let mut messages = Vec::new();
            for content in stream.chunks(message) {
                messages.push(b'd');
                messages.extend_from_slice(&(content.len() as u32 + 4).to_be_bytes());
                messages.extend_from_slice(content);
            }
            let mut cutter = Cutter::new(2);
            for piece in messages.chunks(piece) {
                cutter.push(piece).unwrap();
            }
            cutter.finish().unwrap();
            let chunks: Vec<NativeChunk> = cutter.ready.into();
            assert_eq!(chunks.iter().map(|chunk| chunk.rows).sum::<usize>(), 50);
            let bytes: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
            assert_eq!(bytes, rows.concat());
            hashes.push(chunks[0].hash.clone());
        }
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

//! Reading and writing files on a thread that may block.

use super::pour::plain;
use super::sheet::Sheet;
use super::stream::{Hasher, held};
use crate::budget::Room;
use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use sluice_contract::{Code, Fault};
use sluice_store_core::files::{Attributes, ByteReader, ByteStage, Inner, Target, Wrapper};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// Bytes that are copied at a time.
const PIECE: usize = 128 << 10;
/// Bytes of one request when a file is read from its beginning to its end.
const RANGE: u64 = 2 << 20;

/// An error of bytes on their way: the store's fault where it carries one, else a damaged file.
pub(super) fn of_io(label: &str, error: &io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(fault) => fault.clone(),
        None => Fault::new(Code::DataInvalid, format!("{label}: {error}")),
    }
}

/// Copies what is inside of a file.
pub(super) fn copy(inner: &mut Inner<'_>, out: &mut dyn Wrapper) -> Result<(), Fault> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match inner.bytes.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(of_io(&inner.label, &error)),
        };
        out.write_all(&piece[..read])
            .map_err(|error| of_io(&inner.label, &error))?;
    }
}

/// A file from its beginning to its end.
pub(super) struct Serial {
    reader: Arc<dyn ByteReader>,
    handle: Handle,
    range: u64,
    at: u64,
    ready: Bytes,
}

impl Serial {
    pub(super) fn new(reader: &Arc<dyn ByteReader>, handle: &Handle, block: usize) -> Self {
        Self {
            reader: Arc::clone(reader),
            handle: handle.clone(),
            range: RANGE.min(block as u64),
            at: 0,
            ready: Bytes::new(),
        }
    }

    /// A reader that counts, and keeps to the limits of bandwidth.
    pub(super) fn metered(inner: Arc<dyn ByteReader>, sheet: &Arc<Sheet>) -> Arc<dyn ByteReader> {
        Arc::new(Metered {
            inner,
            sheet: Arc::clone(sheet),
        })
    }
}

impl Read for Serial {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let end = self.at.saturating_add(self.range).min(self.reader.size());
            if self.at >= end {
                return Ok(0);
            }
            self.ready = self
                .handle
                .block_on(self.reader.read(self.at..end))
                .map_err(io::Error::other)?;
            self.at = end;
        }
        let taken = into.len().min(self.ready.len());
        self.ready.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}

struct Metered {
    inner: Arc<dyn ByteReader>,
    sheet: Arc<Sheet>,
}

#[async_trait]
impl ByteReader for Metered {
    fn label(&self) -> &str {
        self.inner.label()
    }

    fn size(&self) -> u64 {
        self.inner.size()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let read = self.sheet.stop.run_until_cancelled(self.inner.read(range)).await;
        let bytes = read.unwrap_or_else(|| Err(crate::fault::cancelled()))?;
        self.sheet.pace.reached(self.sheet.tally.read(bytes.len())).await;
        Ok(bytes)
    }

    async fn attributes(&self) -> Result<Attributes, Fault> {
        self.inner.attributes().await
    }
}

/// A file being written.
pub(super) struct Out(Arc<Mutex<Open>>);

struct Open {
    sheet: Arc<Sheet>,
    handle: Handle,
    stage: Box<dyn ByteStage>,
    target: Target,
    block: usize,
    buffer: BytesMut,
    room: Option<Room>,
    hasher: Hasher,
    size: u64,
    failed: Option<Fault>,
}

impl Out {
    /// Begins a file; none when an earlier attempt has published it.
    pub(super) fn begin(
        sheet: &Arc<Sheet>,
        handle: &Handle,
        target: &Target,
        reader: Option<&Arc<dyn ByteReader>>,
        mark: &str,
    ) -> Result<Option<Self>, Fault> {
        let stage = handle.block_on(async {
            let copied = sheet.copied(reader, None, mark).await?;
            sheet.sink.stage_copy(target, &sheet.key, &copied).await
        })?;
        if stage.replayed().is_some() {
            sheet.tally.files_replayed.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        Ok(Some(Self(Arc::new(Mutex::new(Open {
            sheet: Arc::clone(sheet),
            handle: handle.clone(),
            target: target.clone(),
            block: stage.block_bytes().min(sheet.block),
            stage,
            buffer: BytesMut::new(),
            room: None,
            hasher: Hasher::default(),
            size: 0,
            failed: None,
        })))))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the file, compares it and publishes it; or removes it when `write` fails.
    pub(super) fn write_with(self, write: impl FnOnce(&mut dyn Wrapper) -> Result<(), Fault>) -> Result<(), Fault> {
        let written = self.wrap(write);
        let mut open = self.open();
        let done = match (open.failed.take(), written) {
            (Some(first), _) | (None, Err(first)) => Err(first),
            (None, Ok(())) => open.finish(),
        };
        if let Err(fault) = done {
            let open = &mut *open;
            open.handle.block_on(open.stage.discard());
            return Err(fault);
        }
        Ok(())
    }

    fn wrap(&self, write: impl FnOnce(&mut dyn Wrapper) -> Result<(), Fault>) -> Result<(), Fault> {
        let (sheet, label) = {
            let open = self.open();
            (Arc::clone(&open.sheet), super::plan::label(&open.target))
        };
        let out = Box::new(OutWriter(Arc::clone(&self.0)));
        let mut wrapper = match &sheet.wrappings.sink {
            Some(wrapping) => wrapping.wrap(out)?,
            None => plain(out),
        };
        write(wrapper.as_mut())?;
        wrapper.finish().map_err(|error| of_io(&label, &error))
    }
}

impl Open {
    fn send(&mut self) -> Result<(), Fault> {
        let Some(room) = self.room.take() else { return Ok(()) };
        let bytes = held(self.buffer.split().freeze(), room);
        let size = bytes.len();
        self.hasher = std::mem::take(&mut self.hasher).add_here(&bytes);
        let written = self.sheet.stop.run_until_cancelled(self.stage.write(bytes));
        let written = self.handle.block_on(written);
        written.unwrap_or_else(|| Err(crate::fault::cancelled()))?;
        self.size += size as u64;
        self.sheet.tally.wrote(size);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Fault> {
        self.send()?;
        let md5 = std::mem::take(&mut self.hasher).finish();
        let (sheet, stage) = (&self.sheet, self.stage.as_mut());
        self.handle.block_on(async {
            stage.finish().await?;
            sheet.land(stage, &self.target, self.size, md5).await
        })
    }
}

struct OutWriter(Arc<Mutex<Open>>);

impl Write for OutWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.room.is_none() {
            let room = open.handle.block_on(open.sheet.budget.reserve(open.block));
            let block = open.block;
            open.buffer.reserve(block);
            open.room = Some(room);
        }
        let taken = bytes.len().min(open.block - open.buffer.len());
        open.buffer.extend_from_slice(&bytes[..taken]);
        if open.buffer.len() >= open.block
            && let Err(fault) = open.send()
        {
            open.failed.get_or_insert(fault.clone());
            return Err(io::Error::other(fault));
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// No wrapping.
pub(super) struct PlainWrapper(pub(super) Box<dyn Write + Send>);

impl Write for PlainWrapper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Wrapper for PlainWrapper {
    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

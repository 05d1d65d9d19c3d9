//! A store of files in memory.

use crate::{ByteReader, ByteStage, ByteStore, Entry, Location, Published, Target};
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    pub(crate) files: Arc<Mutex<BTreeMap<String, Bytes>>>,
    /// Writes fail with `SL6008` when they would pass this; 0: none does.
    pub(crate) full_at: Arc<AtomicU64>,
    /// Reads of a file from here on fail with `SL6001`; 0: none does.
    pub(crate) cut_at: Arc<AtomicU64>,
    /// Bytes that are lost between upload and file, as a broken store would.
    pub(crate) loses: Arc<AtomicUsize>,
    /// Staged bytes cannot be read back.
    pub(crate) blind: Arc<AtomicBool>,
    /// The largest read so far.
    pub(crate) largest: Arc<AtomicU64>,
    /// Stages that are open.
    pub(crate) staged: Arc<AtomicUsize>,
}

impl MemoryStore {
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Bytes>) {
        self.files.lock().unwrap().insert(path.to_owned(), bytes.into());
    }

    pub(crate) fn get(&self, path: &str) -> Option<Bytes> {
        self.files.lock().unwrap().get(path).cloned()
    }

    fn reader(&self, label: &str, bytes: Bytes) -> Arc<dyn ByteReader> {
        Arc::new(MemoryReader {
            store: self.clone(),
            label: label.to_owned(),
            bytes,
        })
    }
}

#[async_trait]
impl ByteStore for MemoryStore {
    fn location_types(&self) -> &'static [&'static str] {
        &["FileServerLocation"]
    }

    fn has_containers(&self) -> bool {
        false
    }

    async fn find(&self, location: &Location) -> Result<Vec<Entry>, Fault> {
        let files = self.files.lock().unwrap();
        let named = location.file.as_ref().map(|file| location.path_of(file));
        let entry = |(path, bytes): (&String, &Bytes)| Entry {
            container: String::new(),
            path: path.clone(),
            size: bytes.len() as u64,
            version: String::new(),
            modified: None,
        };
        let wanted = |path: &str| match &named {
            Some(named) => path == named,
            None => path.starts_with(&location.folder),
        };
        Ok(files.iter().filter(|(path, _)| wanted(path)).map(entry).collect())
    }

    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        let bytes = self.get(&entry.path);
        let bytes = bytes.ok_or_else(|| Fault::new(Code::FileNotFound, entry.path.clone()))?;
        Ok(self.reader(&entry.path, bytes))
    }

    async fn stage(&self, target: &Target, _key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        self.staged.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(MemoryStage {
            store: self.clone(),
            path: target.path.clone(),
            bytes: Some(Vec::new()),
        }))
    }
}

struct MemoryReader {
    store: MemoryStore,
    label: String,
    bytes: Bytes,
}

#[async_trait]
impl ByteReader for MemoryReader {
    fn label(&self) -> &str {
        &self.label
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let cut = self.store.cut_at.load(Ordering::SeqCst);
        if cut != 0 && range.end > cut {
            return Err(Fault::new(Code::StoreUnreachable, "the line was cut"));
        }
        self.store.largest.fetch_max(range.end - range.start, Ordering::SeqCst);
        Ok(self.bytes.slice(range.start as usize..range.end as usize))
    }
}

struct MemoryStage {
    store: MemoryStore,
    path: String,
    bytes: Option<Vec<u8>>,
}

impl MemoryStage {
    fn take(&mut self) -> Vec<u8> {
        match self.bytes.take() {
            Some(bytes) => {
                self.store.staged.fetch_sub(1, Ordering::SeqCst);
                bytes
            }
            None => Vec::new(),
        }
    }
}

#[async_trait]
impl ByteStage for MemoryStage {
    fn block_bytes(&self) -> usize {
        1000
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let staged = self.bytes.as_mut().unwrap();
        let full = self.store.full_at.load(Ordering::SeqCst);
        if full != 0 && (staged.len() + bytes.len()) as u64 > full {
            return Err(Fault::new(Code::DiskFull, "no space"));
        }
        staged.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Fault> {
        let staged = self.bytes.as_mut().unwrap();
        let kept = staged.len().saturating_sub(self.store.loses.load(Ordering::SeqCst));
        staged.truncate(kept);
        Ok(())
    }

    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        if self.store.blind.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let bytes = Bytes::from(self.bytes.clone().unwrap());
        Ok(Some(self.store.reader(&self.path, bytes)))
    }

    async fn publish(&mut self) -> Result<Published, Fault> {
        let bytes = self.take();
        self.store.put(&self.path, bytes);
        Ok(Published {
            location: self.path.clone(),
            replayed: false,
        })
    }

    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        let bytes = self.store.get(&self.path).unwrap();
        Ok(Some(self.store.reader(&self.path, bytes)))
    }

    async fn discard(&mut self) {
        self.take();
    }
}

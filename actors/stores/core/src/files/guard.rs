//! A store as one copy uses it: it remembers what was opened, and keeps to a number of requests at a time.

use super::attributes::{Attributes, Copied};
use super::bytes::{ByteReader, ByteStage, ByteStore, Entry, Folder, Target};
use super::location::Location;
use super::watched::Watched;
use super::wrapping::Wrapping;
use crate::CommitKey;
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// More permits than a semaphore takes do not limit anything.
const MOST_CONNECTIONS: usize = 1 << 16;

/// A store whose opened files are remembered, and whose requests are limited.
pub struct Guarded {
    inner: Arc<dyn ByteStore>,
    connections: Option<usize>,
    permits: Arc<Semaphore>,
    opened: Mutex<BTreeMap<String, Entry>>,
}

impl Guarded {
    /// Guards a store; at most so many reads and writes go on at the same time.
    pub fn new(inner: Arc<dyn ByteStore>, connections: Option<usize>) -> Self {
        let permits = connections.unwrap_or(MOST_CONNECTIONS).clamp(1, MOST_CONNECTIONS);
        Self {
            inner,
            connections,
            permits: Arc::new(Semaphore::new(permits)),
            opened: Mutex::default(),
        }
    }

    /// Deletes every file that was opened, in the version that was opened; but not `spared`.
    ///
    /// # Errors
    /// The first fault; the others are deleted nevertheless.
    pub async fn delete_opened(&self, spared: Option<&Location>) -> Result<(), Fault> {
        let opened = std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let spared = spared.map(Location::label);
        let mut first = Ok(());
        for (_, entry) in opened.into_iter().filter(|(label, _)| Some(label) != spared.as_ref()) {
            if let Err(fault) = self.inner.delete(&entry).await {
                first = first.and(Err(
                    fault.context(format!("{} is copied, and was not deleted", entry.label()))
                ));
            }
        }
        first
    }
}

async fn permit(permits: &Semaphore) -> Result<SemaphorePermit<'_>, Fault> {
    let ended = |closed| Fault::new(Code::Internal, format!("the guard of a store is gone: {closed}"));
    permits.acquire().await.map_err(ended)
}

#[async_trait]
impl ByteStore for Guarded {
    fn location_types(&self) -> &'static [&'static str] {
        self.inner.location_types()
    }

    fn has_containers(&self) -> bool {
        self.inner.has_containers()
    }

    async fn folder(&self, location: &Location) -> Result<Folder, Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.folder(location).await
    }

    async fn remove_folder(&self, location: &Location) -> Result<(), Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.remove_folder(location).await
    }

    async fn find(&self, location: &Location) -> Result<Vec<Entry>, Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.find(location).await
    }

    async fn watch(&self, watched: &Watched) -> Result<Vec<Entry>, Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.watch(watched).await
    }

    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        let _permit = permit(&self.permits).await?;
        let inner = self.inner.open(entry).await?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(entry.label(), entry.clone());
        if self.connections.is_none() {
            return Ok(inner);
        }
        let permits = Arc::clone(&self.permits);
        Ok(Arc::new(GuardedReader { inner, permits }))
    }

    async fn stage(&self, target: &Target, key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        match self.connections {
            None => self.inner.stage(target, key).await,
            Some(_) => self.stage_copy(target, key, &Copied::default()).await,
        }
    }

    async fn stage_copy(&self, target: &Target, key: &CommitKey, copied: &Copied) -> Result<Box<dyn ByteStage>, Fault> {
        let copied = Copied {
            connections: copied.connections.or(self.connections),
            ..copied.clone()
        };
        self.inner.stage_copy(target, key, &copied).await
    }

    fn keeps_attributes(&self) -> bool {
        self.inner.keeps_attributes()
    }

    fn wrapping(&self, dataset: &Object) -> Result<Option<Arc<dyn Wrapping>>, Fault> {
        self.inner.wrapping(dataset)
    }

    async fn delete(&self, entry: &Entry) -> Result<(), Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.delete(entry).await
    }
}

struct GuardedReader {
    inner: Arc<dyn ByteReader>,
    permits: Arc<Semaphore>,
}

#[async_trait]
impl ByteReader for GuardedReader {
    fn label(&self) -> &str {
        self.inner.label()
    }

    fn size(&self) -> u64 {
        self.inner.size()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.read(range).await
    }

    fn md5(&self) -> Option<[u8; 16]> {
        self.inner.md5()
    }

    async fn attributes(&self) -> Result<Attributes, Fault> {
        let _permit = permit(&self.permits).await?;
        self.inner.attributes().await
    }
}

//! A file being staged.

use crate::errors::{self, blocking};
use crate::place::{self, Place};
use crate::reader::FileReader;
use crate::root::Root;
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use sluice_store_formats::{ByteReader, ByteStage, Published};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Bytes of one write.
const BLOCK: usize = 1 << 20;

/// Bytes behind which the system is asked to write what it holds: it would begin only when its memory is short, and the end of a
/// large file would have to wait for all of it.
const SYNC: usize = 64 << 20;

pub(crate) struct FileStage {
    place: Arc<Place>,
    file: Option<Arc<File>>,
    /// Bytes since the last time the system was asked to write.
    unsynced: usize,
    syncing: Option<JoinHandle<Result<(), Fault>>>,
    /// Folders that this stage made, outermost first.
    made: Vec<PathBuf>,
    published: bool,
}

impl FileStage {
    pub(crate) fn create(root: &Root, path: &str, key: &CommitKey) -> Result<Self, Fault> {
        let place = Place::new(root, path, key)?;
        let mut made = Vec::new();
        let opened = make_folders(&place.folder, &mut made).and_then(|()| {
            place.overtake()?;
            let open = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .open(&place.staged);
            open.map_err(|error| errors::fault("creating", &place.staged, &error))
        });
        match opened {
            Ok(file) => Ok(Self {
                place: Arc::new(place),
                file: Some(Arc::new(file)),
                unsynced: 0,
                syncing: None,
                made,
                published: false,
            }),
            Err(fault) => {
                remove_folders(made);
                Err(fault)
            }
        }
    }
}

impl FileStage {
    /// Has the bytes so far written in the background. What goes wrong there is told once, and so has to be asked for.
    async fn sync_behind(&mut self, file: &Arc<File>) -> Result<(), Fault> {
        if self.syncing.as_ref().is_some_and(|syncing| !syncing.is_finished()) {
            return Ok(());
        }
        self.synced().await?;
        self.unsynced = 0;
        let (file, place) = (Arc::clone(file), Arc::clone(&self.place));
        self.syncing = Some(tokio::task::spawn_blocking(move || {
            let synced = file.sync_data();
            synced.map_err(|error| errors::fault("syncing", &place.staged, &error))
        }));
        Ok(())
    }

    /// Waits for what is being written in the background.
    async fn synced(&mut self) -> Result<(), Fault> {
        match self.syncing.take() {
            Some(syncing) => syncing.await.map_err(errors::ended)?,
            None => Ok(()),
        }
    }
}

/// Makes a folder and those above it, durably, and notes which.
fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Ok(()) => made.push(folder.to_owned()),
            // Another copy made it just now.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(errors::fault("creating", folder, &error)),
        }
        if let Some(parent) = folder.parent() {
            place::sync_folder(parent)?;
        }
    }
    Ok(())
}

/// Only empty ones go: somebody else may use them by now.
fn remove_folders(mut made: Vec<PathBuf>) {
    while let Some(folder) = made.pop() {
        if fs::remove_dir(&folder).is_err() {
            break;
        }
    }
}

fn internal(message: &str) -> Fault {
    Fault::new(Code::Internal, message)
}

#[async_trait]
impl ByteStage for FileStage {
    fn block_bytes(&self) -> usize {
        BLOCK
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let file = self
            .file
            .clone()
            .ok_or_else(|| internal("a write to a stage that is over"))?;
        let (place, length) = (Arc::clone(&self.place), bytes.len());
        let writing = Arc::clone(&file);
        blocking(move || {
            let written = writing.as_ref().write_all(&bytes);
            written.map_err(|error| errors::fault("writing", &place.staged, &error))
        })
        .await?;
        self.unsynced += length;
        match self.unsynced >= SYNC {
            true => self.sync_behind(&file).await,
            false => Ok(()),
        }
    }

    async fn finish(&mut self) -> Result<(), Fault> {
        let file = self
            .file
            .take()
            .ok_or_else(|| internal("a stage that is over was finished"))?;
        self.synced().await?;
        let place = Arc::clone(&self.place);
        blocking(move || {
            file.sync_all()
                .map_err(|error| errors::fault("syncing", &place.staged, &error))
        })
        .await
    }

    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        read(&self.place.staged, &self.place).await
    }

    async fn publish(&mut self) -> Result<Published, Fault> {
        let replayed = self.published;
        if !replayed {
            let place = Arc::clone(&self.place);
            blocking(move || place.publish()).await?;
            self.published = true;
        }
        Ok(Published {
            location: self.place.target.display().to_string(),
            replayed,
        })
    }

    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        read(&self.place.target, &self.place).await
    }

    async fn discard(&mut self) {
        self.file = None;
        if self.published {
            return;
        }
        let (place, made) = (Arc::clone(&self.place), std::mem::take(&mut self.made));
        let removed = blocking(move || {
            place.remove();
            remove_folders(made);
            Ok(())
        });
        if let Err(fault) = removed.await {
            tracing::warn!(%fault, "A staged file could not be removed");
        }
    }
}

async fn read(path: &Path, place: &Place) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
    let (path, label) = (path.to_owned(), place.target.display().to_string());
    blocking(move || {
        Ok(Some(
            Arc::new(FileReader::open(&path, label, None)?) as Arc<dyn ByteReader>
        ))
    })
    .await
}

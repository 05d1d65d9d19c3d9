//! What a store of files does: find, read by range, stage and publish.

use super::attributes::{Attributes, Copied};
use super::location::Location;
use super::watched::Watched;
use super::wrapping::Wrapping;
use crate::CommitKey;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use sluice_contract::{Code, Fault, Object};
use std::ops::Range;
use std::sync::Arc;

/// One file, as it was when it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its container; empty where the store has none.
    pub container: String,
    /// Its path in the container or below the root, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Changes when its content changes: an ETag, or times and inode.
    pub version: String,
    /// When it was changed last, where the store says so.
    pub modified: Option<DateTime<Utc>>,
}

impl Entry {
    /// For people: container and path.
    pub fn label(&self) -> String {
        match self.container.as_str() {
            "" => self.path.clone(),
            container => format!("{container}/{}", self.path),
        }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name, without the folder's.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// When it was changed last, where the store says so.
    pub modified: Option<DateTime<Utc>>,
}

/// A folder, as it was when it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// When it was changed last, where the store has folders.
    pub modified: Option<DateTime<Utc>>,
    /// What is in it, without what is in its folders; by name.
    pub children: Vec<Child>,
}

impl Folder {
    /// The folder that these files make by their paths.
    fn of(location: &Location, files: &[Entry]) -> Self {
        let mut children: Vec<Child> = Vec::new();
        for file in files {
            let below = file.path.strip_prefix(&location.folder).unwrap_or(&file.path);
            let below = below.trim_start_matches('/');
            let (name, is_folder) = match below.split_once('/') {
                Some((folder, _)) => (folder, true),
                None => (below, false),
            };
            if !children.iter().any(|child| child.name == name) {
                children.push(Child {
                    name: name.to_owned(),
                    is_folder,
                    modified: file.modified.filter(|_| !is_folder),
                });
            }
        }
        children.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            modified: None,
            children,
        }
    }
}

/// The one file that a sink writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its container; empty where the store has none.
    pub container: String,
    /// Its path in the container or below the root, with `/`.
    pub path: String,
}

/// A store of files.
#[async_trait]
pub trait ByteStore: Send + Sync + 'static {
    /// The dataset location types that it serves, such as `FileServerLocation`.
    fn location_types(&self) -> &'static [&'static str];

    /// Whether its locations have a container.
    fn has_containers(&self) -> bool;

    /// The files of a location: the one it names, or all below its folder, or all whose paths have its prefix.
    ///
    /// # Errors
    /// `SL6005` when the named file or folder is missing, and other `SL60xx`.
    async fn find(&self, location: &Location) -> Result<Vec<Entry>, Fault>;

    /// The files that a trigger is about, in any order. A folder that is not there has none. Stores whose listings can be long
    /// do not hold more of them than fit.
    ///
    /// # Errors
    /// `SL4036` without the container that the store needs, `SL4037` when they are too many, and other `SL60xx`.
    async fn watch(&self, watched: &Watched) -> Result<Vec<Entry>, Fault> {
        let mut found = watched.gather(self.has_containers());
        for entry in self.find(&watched.location(self.has_containers())?).await? {
            found.take(entry)?;
        }
        Ok(found.entries())
    }

    /// Looks into a location's folder. Where folders are only parts of names, one without files is not there.
    ///
    /// # Errors
    /// `SL6005` when it is missing, and other `SL60xx`.
    async fn folder(&self, location: &Location) -> Result<Folder, Fault> {
        let all = Location {
            file: None,
            recursive: true,
            ..location.clone()
        };
        Ok(Folder::of(location, &self.find(&all).await?))
    }

    /// Removes a location's folder and the folders in it, as far as they are empty; nothing where the store has no folders.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn remove_folder(&self, _location: &Location) -> Result<(), Fault> {
        Ok(())
    }

    /// Opens a file for reading by ranges.
    ///
    /// # Errors
    /// `SL6011` when it was changed since it was found, and other `SL60xx`.
    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault>;

    /// Makes the staging place of a file, and removes what earlier attempts of the same job left there.
    ///
    /// # Errors
    /// `SL7004` when a later attempt of the same job is at work, and other `SL60xx`.
    async fn stage(&self, target: &Target, key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault>;

    /// The same for a file that is copied as it is, of which more is known.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    async fn stage_copy(
        &self,
        target: &Target,
        key: &CommitKey,
        _copied: &Copied,
    ) -> Result<Box<dyn ByteStage>, Fault> {
        self.stage(target, key).await
    }

    /// Whether [`Attributes`] are kept beside files.
    fn keeps_attributes(&self) -> bool {
        false
    }

    /// What the files of a dataset of type Binary are wrapped in, by its `typeProperties`.
    ///
    /// # Errors
    /// `SL6013` for a compression that is not served.
    fn wrapping(&self, _dataset: &Object) -> Result<Option<Arc<dyn Wrapping>>, Fault> {
        Ok(None)
    }

    /// Deletes a file, if it still is as it was when it was found.
    ///
    /// # Errors
    /// `SL6011` when it was changed since, and other `SL60xx`.
    async fn delete(&self, entry: &Entry) -> Result<(), Fault> {
        let text = format!("{} was not deleted: the store does not delete files", entry.label());
        Err(Fault::new(Code::PropertyMissing, text))
    }
}

/// A file open for reading.
#[async_trait]
pub trait ByteReader: Send + Sync + 'static {
    /// For people.
    fn label(&self) -> &str;

    /// Bytes.
    fn size(&self) -> u64;

    /// Reads exactly this range, which lies within the file.
    ///
    /// # Errors
    /// `SL6011` when the file was changed or cut since it was opened, and other `SL60xx`.
    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault>;

    /// The MD5 of the whole file that the store keeps beside it, once something was read.
    fn md5(&self) -> Option<[u8; 16]> {
        None
    }

    /// What the store keeps beside the file besides its bytes.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn attributes(&self) -> Result<Attributes, Fault> {
        Ok(Attributes::default())
    }
}

/// A file being written where nobody sees it.
///
/// Life: [`write`](Self::write) any number of times, [`finish`](Self::finish), then [`publish`](Self::publish) or
/// [`discard`](Self::discard).
#[async_trait]
pub trait ByteStage: Send + Sync {
    /// Bytes that one write should have, but for the last.
    fn block_bytes(&self) -> usize;

    /// Appends; returns when there is room for the next.
    ///
    /// # Errors
    /// `SL6008` when there is no space, and other `SL60xx`.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault>;

    /// Everything that was written is durable.
    ///
    /// # Errors
    /// `SL6008` when there is no space, and other `SL60xx`.
    async fn finish(&mut self) -> Result<(), Fault>;

    /// Bytes of a finished file that lie in this process's memory until they are published.
    fn held(&self) -> usize {
        0
    }

    /// Sends what a finished file [holds](Self::held) to the store, where nobody sees it yet.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn unload(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Reads the staged bytes back, if the store can before they are published.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault>;

    /// Makes the file visible under its name, in one atomic step, replacing what was there.
    ///
    /// # Errors
    /// `SL7004` when a later attempt of the same job was here, other `SL60xx`.
    async fn publish(&mut self) -> Result<Published, Fault>;

    /// Reads the published bytes back; none when the login may write but not read.
    ///
    /// # Errors
    /// `SL60xx`.
    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault>;

    /// What an earlier attempt of the same job has published of the same source, so that it need not be written again. Asked
    /// before the first write.
    fn replayed(&self) -> Option<Published> {
        None
    }

    /// The MD5 that the store itself computed of what was published, where it tells.
    fn md5(&self) -> Option<[u8; 16]> {
        None
    }

    /// Removes what was staged, as well as it can.
    async fn discard(&mut self);
}

/// A published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where it lies, for people.
    pub location: String,
    /// Whether it had been published by this attempt before.
    pub replayed: bool,
}

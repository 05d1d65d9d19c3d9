//! Finding and opening files below the root.

use crate::errors::{self, blocking};
use crate::reader::{FileReader, version};
use crate::root::Root;
use crate::stage::FileStage;
use async_trait::async_trait;
use sluice_contract::{Fault, Object};
use sluice_store_core::CommitKey;
use sluice_store_core::files::Wrapping;
use sluice_store_formats::{ByteReader, ByteStage, ByteStore, Entry, Location, Target};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct FileStore {
    pub(crate) root: Root,
}

#[async_trait]
impl ByteStore for FileStore {
    fn location_types(&self) -> &'static [&'static str] {
        &["FileServerLocation"]
    }

    fn has_containers(&self) -> bool {
        false
    }

    fn wrapping(&self, dataset: &Object) -> Result<Option<Arc<dyn Wrapping>>, Fault> {
        sluice_store_formats::wrapping(dataset)
    }

    async fn find(&self, location: &Location) -> Result<Vec<Entry>, Fault> {
        let (root, location) = (self.root.clone(), location.clone());
        blocking(move || match &location.file {
            Some(file) => {
                let path = location.path_of(file);
                let real = root.resolve(&path)?;
                let metadata = fs::metadata(&real).map_err(|error| errors::fault("opening", &real, &error))?;
                if !metadata.is_file() {
                    let not_a_file = std::io::Error::from(ErrorKind::IsADirectory);
                    return Err(errors::fault("opening", &real, &not_a_file));
                }
                Ok(vec![entry(path, &metadata)])
            }
            None => {
                let mut found = Vec::new();
                walk(&root, &location.folder, location.recursive, &mut found)?;
                Ok(found)
            }
        })
        .await
    }

    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        let (root, entry) = (self.root.clone(), entry.clone());
        blocking(move || {
            let path = root.resolve(&entry.path)?;
            let reader = FileReader::open(&path, entry.label(), Some(&entry.version))?;
            Ok(Arc::new(reader) as Arc<dyn ByteReader>)
        })
        .await
    }

    async fn stage(&self, target: &Target, key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        let (root, path, key) = (self.root.clone(), target.path.clone(), key.clone());
        blocking(move || Ok(Box::new(FileStage::create(&root, &path, &key)?) as Box<dyn ByteStage>)).await
    }

    async fn delete(&self, entry: &Entry) -> Result<(), Fault> {
        let (root, entry) = (self.root.clone(), entry.clone());
        blocking(move || {
            let path = root.resolve(&entry.path)?;
            let failed = |error| errors::fault("deleting", &path, &error);
            // What is written in place in between is deleted with it; what is renamed into its place has another inode, and
            // the moment for that is as short as one system call.
            if version(&fs::metadata(&path).map_err(failed)?) != entry.version {
                return Err(crate::reader::changed(&path));
            }
            fs::remove_file(&path).map_err(failed)?;
            path.parent().map_or(Ok(()), crate::place::sync_folder)
        })
        .await
    }
}

fn entry(path: String, metadata: &fs::Metadata) -> Entry {
    Entry {
        container: String::new(),
        path,
        size: metadata.len(),
        version: version(metadata),
        modified: metadata.modified().ok().map(Into::into),
    }
}

/// Files below a folder. Links are left out, so that no circle and nothing outside of the root is walked.
fn walk(root: &Root, folder: &str, recursive: bool, found: &mut Vec<Entry>) -> Result<(), Fault> {
    let real = root.resolve(folder)?;
    let failed = |error| errors::fault("listing", &real, &error);
    for item in fs::read_dir(&real).map_err(failed)? {
        let item = item.map_err(failed)?;
        let name = item.file_name();
        let Some(name) = name.to_str() else {
            tracing::warn!(folder = %real.display(), "A file's name is not UTF-8; it is left out");
            continue;
        };
        let path = match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let metadata = match fs::symlink_metadata(item.path()) {
            Ok(metadata) => metadata,
            // Removed since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(errors::fault("listing", Path::new(&path), &error)),
        };
        if metadata.is_dir() && recursive {
            walk(root, &path, recursive, found)?;
        } else if metadata.is_file() {
            found.push(entry(path, &metadata));
        }
    }
    Ok(())
}

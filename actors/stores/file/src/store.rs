//! Finding and opening files below the root.

use crate::errors::{self, blocking};
use crate::reader::{FileReader, version};
use crate::root::Root;
use crate::stage::FileStage;
use async_trait::async_trait;
use sluice_contract::{Fault, Object};
use sluice_store_core::CommitKey;
use sluice_store_core::files::{Child, Folder, Watched, Wrapping};
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
                let mut take = |entry| {
                    found.push(entry);
                    Ok(())
                };
                walk(&root, &location.folder, location.recursive, &mut take)?;
                Ok(found)
            }
        })
        .await
    }

    async fn watch(&self, watched: &Watched) -> Result<Vec<Entry>, Fault> {
        let (root, watched) = (self.root.clone(), watched.clone());
        blocking(move || {
            let location = watched.location(false)?;
            let mut found = watched.gather(false);
            // A root that is not there is a disk that is not there, and no reason to think that all files are gone.
            root.real()?;
            if root.resolve(&location.folder)?.is_dir() {
                walk(&root, &location.folder, true, &mut |entry| found.take(entry))?;
            }
            Ok(found.entries())
        })
        .await
    }

    async fn folder(&self, location: &Location) -> Result<Folder, Fault> {
        let (root, location) = (self.root.clone(), location.clone());
        blocking(move || look_into(&root.resolve(&location.folder)?)).await
    }

    async fn remove_folder(&self, location: &Location) -> Result<(), Fault> {
        let (root, location) = (self.root.clone(), location.clone());
        blocking(move || {
            let real = root.resolve(&location.folder)?;
            // The root itself stays, whatever it is called by.
            match real == root.real()? {
                true => Ok(()),
                false => remove_empty(&real).map(drop),
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

/// What is in a folder; links and staged files are left out.
fn look_into(real: &Path) -> Result<Folder, Fault> {
    let failed = |error| errors::fault("listing", real, &error);
    let mut children = Vec::new();
    for item in fs::read_dir(real).map_err(failed)? {
        let item = item.map_err(failed)?;
        let name = item.file_name();
        let Some(name) = name.to_str().filter(|name| !is_staged(name)) else {
            continue;
        };
        let metadata = match fs::symlink_metadata(item.path()) {
            Ok(metadata) => metadata,
            // Removed since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(errors::fault("listing", &item.path(), &error)),
        };
        if metadata.is_dir() || metadata.is_file() {
            children.push(Child {
                name: name.to_owned(),
                is_folder: metadata.is_dir(),
                modified: metadata.modified().ok().map(Into::into),
            });
        }
    }
    children.sort_by(|one, other| one.name.cmp(&other.name));
    let modified = fs::metadata(real).and_then(|metadata| metadata.modified()).ok();
    Ok(Folder {
        modified: modified.map(Into::into),
        children,
    })
}

fn is_staged(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".sluice-part")
}

/// Removes a folder that holds nothing but such folders; whether it is gone. Links are not followed.
fn remove_empty(real: &Path) -> Result<bool, Fault> {
    let failed = |error| errors::fault("deleting", real, &error);
    let items = match fs::read_dir(real) {
        Ok(items) => items,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed(error)),
    };
    let mut is_empty = true;
    for item in items {
        let item = item.map_err(failed)?;
        let is_folder = item.file_type().map_err(failed)?.is_dir();
        is_empty &= is_folder && remove_empty(&item.path())?;
    }
    match is_empty.then(|| fs::remove_dir(real)) {
        None => Ok(false),
        Some(Ok(())) => Ok(true),
        Some(Err(error)) => match error.kind() {
            ErrorKind::NotFound => Ok(true),
            // Somebody has put something into it meanwhile.
            ErrorKind::DirectoryNotEmpty => Ok(false),
            _ => Err(failed(error)),
        },
    }
}

/// Files below a folder. Links are left out, so that no circle and nothing outside of the root is walked.
fn walk(
    root: &Root,
    folder: &str,
    recursive: bool,
    take: &mut dyn FnMut(Entry) -> Result<(), Fault>,
) -> Result<(), Fault> {
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
            walk(root, &path, recursive, take)?;
        } else if metadata.is_file() {
            take(entry(path, &metadata))?;
        }
    }
    Ok(())
}

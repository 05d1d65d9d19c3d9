//! Which database files this process reads at the moment.
//!
//! Without a write-ahead log nobody commits to a database while somebody reads it. A sink that knows of the reader stages
//! its rows in a file beside the database, and waits for it only with the commit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

static READ: LazyLock<Mutex<HashMap<PathBuf, usize>>> = LazyLock::new(Mutex::default);

/// A file that is read for as long as this lives.
#[derive(Debug)]
pub(crate) struct Reading(PathBuf);

impl Reading {
    pub(crate) fn of(path: &Path) -> Self {
        let path = same(path);
        *files().entry(path.clone()).or_default() += 1;
        Self(path)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut files = files();
        if let Some(count) = files.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                files.remove(&self.0);
            }
        }
    }
}

/// Whether a source of this process reads the file.
pub(crate) fn is_read(path: &Path) -> bool {
    files().contains_key(&same(path))
}

/// One name for a file, however it was written.
fn same(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn files() -> MutexGuard<'static, HashMap<PathBuf, usize>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

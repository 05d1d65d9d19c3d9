//! Reading a file by ranges.

use crate::errors::{self, blocking};
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_formats::ByteReader;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changes when a file's content does.
pub(crate) fn version(metadata: &Metadata) -> String {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    format!(
        "{}-{}-{seconds}.{nanos}-{}",
        metadata.dev(),
        metadata.ino(),
        metadata.len()
    )
}

pub(crate) struct FileReader {
    file: Arc<File>,
    path: PathBuf,
    label: String,
    size: u64,
}

impl FileReader {
    /// Opens a file; `version`: as it must still be.
    pub(crate) fn open(path: &Path, label: String, expected: Option<&str>) -> Result<Self, Fault> {
        let failed = |error| errors::fault("opening", path, &error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Fault::new(
                Code::FileNotFound,
                format!("{} is not a file", path.display()),
            ));
        }
        if expected.is_some_and(|expected| expected != version(&metadata)) {
            return Err(changed(path));
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
            label,
            size: metadata.len(),
        })
    }
}

pub(crate) fn changed(path: &Path) -> Fault {
    Fault::new(
        Code::DataInvalid,
        format!("{} was changed while it was read", path.display()),
    )
}

#[async_trait]
impl ByteReader for FileReader {
    fn label(&self) -> &str {
        &self.label
    }

    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking(move || {
            let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(errors::ended)?;
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, range.start)
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => changed(&path),
                    _ => errors::fault("reading", &path, &error),
                })?;
            Ok(Bytes::from(bytes))
        })
        .await
    }
}

//! Reading a blob by ranges.

use crate::azure::{BlobStore, path_of};
use crate::errors;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::azure::MicrosoftAzure;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use sluice_contract::{Code, Fault};
use sluice_store_formats::{ByteReader, Entry};
use std::ops::Range;
use std::sync::Arc;

/// A blob as it was when it was found: every request asks for the same ETag.
pub(crate) struct BlobReader {
    container: Arc<MicrosoftAzure>,
    path: Path,
    place: String,
    label: String,
    size: u64,
    etag: Option<String>,
}

impl BlobReader {
    pub(crate) fn new(container: Arc<MicrosoftAzure>, entry: &Entry) -> Result<Self, Fault> {
        Ok(Self {
            container,
            path: path_of(&entry.path)?,
            place: BlobStore::place(&entry.container, &entry.path),
            label: entry.label(),
            size: entry.size,
            etag: Some(entry.version.clone()).filter(|etag| !etag.is_empty()),
        })
    }
}

#[async_trait]
impl ByteReader for BlobReader {
    fn label(&self) -> &str {
        &self.label
    }

    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let wanted = range.end - range.start;
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        let failed = |error| errors::fault("reading", &self.place, &error);
        let answer = self.container.get_opts(&self.path, options).await.map_err(failed)?;
        let bytes = answer.bytes().await.map_err(failed)?;
        if bytes.len() as u64 != wanted {
            return Err(Fault::new(
                Code::DataInvalid,
                format!("reading {}: it is shorter than it was when it was found", self.place),
            ));
        }
        Ok(bytes)
    }
}

//! Reading an object by ranges.

use crate::bucket::{Bucket, ObjectFiles, head, path_of};
use crate::errors;
use crate::stage::OURS;
use crate::tap;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attribute, GetOptions, GetRange};
use sluice_contract::{Code, Fault};
use sluice_store_core::files::Attributes;
use sluice_store_formats::{ByteReader, Entry};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// An object as it was when it was found: every request asks for the same ETag.
pub(crate) struct ObjectReader {
    container: Arc<dyn Bucket>,
    path: Path,
    place: String,
    label: String,
    size: u64,
    etag: Option<String>,
    md5: OnceLock<[u8; 16]>,
}

impl ObjectReader {
    pub(crate) fn new(container: Arc<dyn Bucket>, entry: &Entry) -> Result<Self, Fault> {
        Ok(Self {
            container,
            path: path_of(&entry.path)?,
            place: ObjectFiles::place(&entry.container, &entry.path),
            label: entry.label(),
            size: entry.size,
            etag: Some(entry.version.clone()).filter(|etag| !etag.is_empty()),
            md5: OnceLock::new(),
        })
    }
}

#[async_trait]
impl ByteReader for ObjectReader {
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
        if let Some(md5) = tap::md5_in(&answer.extensions) {
            let _ = self.md5.set(md5);
        }
        let bytes = answer.bytes().await.map_err(failed)?;
        if bytes.len() as u64 != wanted {
            return Err(Fault::new(
                Code::DataInvalid,
                format!("reading {}: it is shorter than it was when it was found", self.place),
            ));
        }
        Ok(bytes)
    }

    fn md5(&self) -> Option<[u8; 16]> {
        self.md5.get().copied()
    }

    async fn attributes(&self) -> Result<Attributes, Fault> {
        let found = head(self.container.as_ref(), &self.path).await;
        let found = found.map_err(|error| errors::fault("reading", &self.place, &error))?;
        let mut attributes = Attributes::default();
        for (name, value) in &found.attributes {
            let value = value.as_ref().to_owned();
            match name {
                Attribute::ContentType => attributes.content_type = Some(value),
                Attribute::ContentEncoding => attributes.content_encoding = Some(value),
                Attribute::ContentLanguage => attributes.content_language = Some(value),
                Attribute::ContentDisposition => attributes.content_disposition = Some(value),
                Attribute::CacheControl => attributes.cache_control = Some(value),
                Attribute::Metadata(name) if !OURS.contains(&name.as_ref()) => {
                    attributes.metadata.insert(name.to_string(), value);
                }
                _ => {}
            }
        }
        Ok(attributes)
    }
}

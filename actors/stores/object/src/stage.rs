//! Staging as uncommitted blocks of the target, and publishing with one Put Block List.
//!
//! Until the list is put, nobody sees anything; blocks that are never listed are dropped by Azure after a week. The blob
//! carries the attempt's [`CommitKey::tag`] in its metadata, and with it the rules are:
//!
//! * Publishing drops all other uncommitted blocks of the blob. An attempt that was overtaken by a published one therefore
//!   cannot publish any more: its list is refused.
//! * When a list is refused, or its answer is lost, the blob's metadata says whose content it has: our own means published
//!   (replayed), a larger token of the same job means that we were overtaken (`SL7004`).

use crate::azure::{self, BlobStore, path_of};
use crate::errors;
use crate::reader::BlobReader;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::azure::MicrosoftAzure;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetResult, MultipartUpload, ObjectStore, PutMultipartOptions, PutPayload,
};
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use sluice_store_formats::{ByteReader, ByteStage, Entry, Published, Target};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Bytes of one block. Azure takes 50,000 blocks for a blob:
const BLOCK: usize = 8 << 20;
/// after this many they are made larger, so that 2 TB fit.
const SMALL_BLOCKS: usize = 10_000;
const LARGE_BLOCK: usize = 64 << 20;
/// Blocks on their way at the same time.
const IN_FLIGHT: usize = 4;
/// The name of the metadata that says whose content a blob has. Azure takes the names of C# identifiers.
const COMMIT: &str = "sluicecommit";

pub(crate) struct BlobStage {
    container: Arc<MicrosoftAzure>,
    path: Path,
    target: Target,
    location: String,
    tag: String,
    /// Never locked, always reached by `get_mut`: the mutex makes it `Sync`, which an upload is not.
    upload: Mutex<Option<Box<dyn MultipartUpload>>>,
    sending: JoinSet<Result<(), Error>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    blocks: usize,
    published: bool,
}

impl BlobStage {
    pub(crate) async fn create(
        container: Arc<MicrosoftAzure>,
        endpoint: &str,
        target: &Target,
        key: &CommitKey,
    ) -> Result<Self, Fault> {
        let mut stage = Self {
            path: path_of(&target.path)?,
            location: format!("{endpoint}/{}/{}", target.container, target.path),
            target: target.clone(),
            tag: key.tag(),
            container,
            upload: Mutex::default(),
            sending: JoinSet::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            blocks: 0,
            published: false,
        };
        stage.check().await?;
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::Metadata(COMMIT.into()), stage.tag.clone().into());
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let upload = stage.container.put_multipart_opts(&stage.path, options).await;
        stage.upload = Mutex::new(Some(upload.map_err(|error| stage.fault("writing", &error))?));
        Ok(stage)
    }

    /// Finds out early whether the container is there and takes the login, and who wrote the blob last.
    async fn check(&self) -> Result<(), Fault> {
        let error = match azure::head(&self.container, &self.path).await {
            Ok(found) => return self.check_latest(&found),
            Err(error) => error,
        };
        let told = errors::told(&error);
        let fault = self.fault("writing", &error);
        match (told.status, told.azure.as_deref()) {
            (_, Some("ContainerNotFound")) => Err(fault),
            // There is no such blob yet.
            (Some(404), _) => Ok(()),
            // The login may be one that writes only; a wrong one is refused as such.
            _ if fault.code == Code::PermissionDenied => Ok(()),
            _ => Err(fault),
        }
    }

    fn check_latest(&self, found: &GetResult) -> Result<(), Fault> {
        let (Some(theirs), Some(ours)) = (tag_of(found).and_then(split_tag), split_tag(&self.tag)) else {
            return Ok(());
        };
        if theirs.0 == ours.0 && theirs.1 > ours.1 {
            return Err(Fault::new(
                Code::CommitDenied,
                format!("{}: a later attempt of the same job was published", self.location),
            ));
        }
        Ok(())
    }

    fn fault(&self, what: &str, error: &Error) -> Fault {
        errors::fault(
            what,
            &BlobStore::place(&self.target.container, &self.target.path),
            error,
        )
    }

    fn upload(&mut self) -> Result<&mut Box<dyn MultipartUpload>, Fault> {
        let location = &self.location;
        let upload = self.upload.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut();
        upload.ok_or_else(|| Fault::new(Code::Internal, format!("{location}: the stage is over")))
    }

    /// Waits until at most `most` blocks are on their way.
    async fn wait(&mut self, most: usize) -> Result<(), Fault> {
        while self.sending.len() > most {
            match self.sending.join_next().await {
                None | Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => return Err(self.fault("writing", &error)),
                Some(Err(ended)) => return Err(Fault::new(Code::Internal, format!("an upload ended: {ended}"))),
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.wait(IN_FLIGHT - 1).await?;
        let payload: PutPayload = std::mem::take(&mut self.waiting).into_iter().collect();
        self.waiting_bytes = 0;
        let part = self.upload()?.put_part(payload);
        self.sending.spawn(part);
        self.blocks += 1;
        Ok(())
    }
}

fn tag_of(found: &GetResult) -> Option<&str> {
    found
        .attributes
        .get(&Attribute::Metadata(COMMIT.into()))
        .map(AsRef::as_ref)
}

/// Job and token of a tag `job_attempt_token`.
fn split_tag(tag: &str) -> Option<(&str, u64)> {
    let (rest, token) = tag.rsplit_once('_')?;
    let (job, _attempt) = rest.rsplit_once('_')?;
    Some((job, token.parse().ok()?))
}

#[async_trait]
impl ByteStage for BlobStage {
    fn block_bytes(&self) -> usize {
        BLOCK
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        let block = if self.blocks < SMALL_BLOCKS { BLOCK } else { LARGE_BLOCK };
        if self.waiting_bytes >= block {
            self.send().await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Fault> {
        self.send().await?;
        self.wait(0).await
    }

    /// Azure does not read uncommitted blocks back; each was acknowledged, and the published blob is read.
    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        Ok(None)
    }

    async fn publish(&mut self) -> Result<Published, Fault> {
        let mut replayed = self.published;
        if !replayed {
            let put = self.upload()?.complete().await;
            if let Err(error) = put {
                let found = azure::head(&self.container, &self.path).await.ok();
                if let Some(found) = &found {
                    self.check_latest(found)?;
                }
                if found.as_ref().and_then(tag_of) != Some(self.tag.as_str()) {
                    return Err(self.fault("publishing", &error));
                }
                // Put before, and the answer was lost.
                replayed = true;
            }
            self.published = true;
        }
        Ok(Published {
            location: self.location.clone(),
            replayed,
        })
    }

    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        let found = match azure::head(&self.container, &self.path).await {
            Ok(found) => found,
            Err(error) => {
                let fault = self.fault("reading back", &error);
                return if fault.code == Code::PermissionDenied {
                    Ok(None)
                } else {
                    Err(fault)
                };
            }
        };
        let entry = Entry {
            container: self.target.container.clone(),
            path: self.target.path.clone(),
            size: found.meta.size,
            version: found.meta.e_tag.unwrap_or_default(),
            modified: Some(found.meta.last_modified),
        };
        Ok(Some(Arc::new(BlobReader::new(Arc::clone(&self.container), &entry)?)))
    }

    async fn discard(&mut self) {
        self.sending.shutdown().await;
        self.waiting.clear();
        self.upload = Mutex::default();
    }
}

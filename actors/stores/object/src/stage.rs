//! Staging an object: a small one in memory, a large one as parts that nobody sees; and publishing it with one request.
//!
//! Until an object is put, or the list of its parts is, nobody sees anything. Parts that are never listed are dropped by Azure
//! after a week; in S3 a copy that ends takes them back, and a rule of the bucket removes what a dead one left. The object
//! carries the attempt's [`CommitKey::tag`] in its metadata, and with it the rules are:
//!
//! * A small object is put on the condition that nothing has changed since it was looked at, at first that it is not there.
//! * In Azure, publishing drops all other uncommitted blocks of the blob. An attempt that was overtaken by a published one
//!   therefore cannot publish any more: its list is refused. In S3 the object is looked at before its parts are listed.
//! * When a request is refused, or its answer is lost, the metadata says whose content the object has: our own means
//!   published (replayed), a larger token of the same job means that we were overtaken (`SL7004`).

use crate::bucket::{self, Bucket, ObjectFiles, Service, path_of};
use crate::errors;
use crate::reader::ObjectReader;
use crate::tap;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetResult, MultipartUpload, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    UpdateVersion,
};
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use sluice_store_core::files::Copied;
use sluice_store_formats::{ByteReader, ByteStage, Entry, Published, Target};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Bytes of one part. Azure takes 50,000 for a blob and S3 10,000 for an object:
const BLOCK: usize = 8 << 20;
/// so that of a file whose size is known there are not more parts than this,
const MOST_PARTS: u64 = 9_000;
/// and of others after so many they are made larger.
const SMALL_BLOCKS: usize = 5_000;
const LARGE_BLOCK: usize = 64 << 20;
/// Parts on their way at the same time.
const IN_FLIGHT: usize = 4;
/// The names of the metadata that says whose content an object has, and of what it is a copy. Azure takes the names of C#
/// identifiers.
const COMMIT: &str = "sluicecommit";
const MARK: &str = "sluicesource";
/// Metadata that belongs to one copy, and is not carried to the next.
pub(crate) const OURS: [&str; 2] = [COMMIT, MARK];
/// How often a small object is put when others put it at the same time.
const TURNS: usize = 4;

pub(crate) struct ObjectStage {
    container: Arc<dyn Bucket>,
    service: Arc<dyn Service>,
    path: Path,
    target: Target,
    location: String,
    tag: String,
    mark: String,
    attributes: Attributes,
    block: usize,
    in_flight: usize,
    /// Never locked, always reached by `get_mut`: the mutex makes it `Sync`, which an upload is not.
    upload: Mutex<Option<Box<dyn MultipartUpload>>>,
    sending: JoinSet<Result<(), Error>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    parts: usize,
    /// What is under the name, once it was looked at: its ETag, or that there is nothing.
    seen: Seen,
    replayed: bool,
    published: bool,
    md5: Option<[u8; 16]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing.
    Nothing,
    /// An object.
    Object(String),
    /// The login may not look.
    Hidden,
}

impl ObjectStage {
    pub(crate) fn new(store: &ObjectFiles, target: &Target, key: &CommitKey, copied: &Copied) -> Result<Self, Fault> {
        let tag = key.tag();
        let block = match copied.size {
            Some(size) => usize::try_from(size / MOST_PARTS).unwrap_or(BLOCK).max(BLOCK),
            None => BLOCK,
        };
        let asked = copied.block.unwrap_or(block).max(store.service.least_part());
        Ok(Self {
            container: store.container(&target.container)?,
            service: Arc::clone(&store.service),
            path: path_of(&target.path)?,
            location: format!("{}/{}/{}", store.label(), target.container, target.path),
            target: target.clone(),
            attributes: attributes(copied, &tag),
            tag,
            mark: copied.mark.clone(),
            block: if block == BLOCK { asked.min(block) } else { block },
            in_flight: copied.connections.unwrap_or(IN_FLIGHT).clamp(1, IN_FLIGHT),
            upload: Mutex::default(),
            sending: JoinSet::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            parts: 0,
            seen: Seen::Nothing,
            replayed: false,
            published: false,
            md5: None,
        })
    }

    /// Whether a file of this size is put without a look at what is there: if nothing is, one request is all it takes.
    pub(crate) fn is_written_blindly(&self, size: Option<u64>) -> bool {
        size.is_some_and(|size| size < self.block as u64)
    }

    /// Finds out whether the container is there and takes the login, and who wrote the object last.
    pub(crate) async fn look(&mut self) -> Result<(), Fault> {
        let error = match bucket::head(self.container.as_ref(), &self.path).await {
            Ok(found) => {
                self.check_latest(&found)?;
                self.replayed = self.is_replay(&found);
                self.seen = Seen::Object(found.meta.e_tag.unwrap_or_default());
                return Ok(());
            }
            Err(error) => error,
        };
        let told = errors::told(&error);
        let fault = self.fault("writing", &error);
        match (told.status, told.code_of_store.as_deref()) {
            (_, Some("ContainerNotFound" | "NoSuchBucket")) => Err(fault),
            // There is no such object yet.
            (Some(404), _) => {
                self.seen = Seen::Nothing;
                Ok(())
            }
            // The login may be one that writes only; a wrong one is refused as such.
            _ if fault.code == Code::PermissionDenied => {
                self.seen = Seen::Hidden;
                Ok(())
            }
            _ => Err(fault),
        }
    }

    fn check_latest(&self, found: &GetResult) -> Result<(), Fault> {
        let (Some(theirs), Some(ours)) = (told(found, COMMIT).and_then(split_tag), split_tag(&self.tag)) else {
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

    /// Whether what is there was published by this job, from the same version of the same source.
    fn is_replay(&self, found: &GetResult) -> bool {
        let job = |tag| split_tag(tag).map(|(job, _)| job);
        let same_job = told(found, COMMIT).and_then(job) == job(self.tag.as_str());
        let same_source = !self.mark.is_empty() && told(found, MARK) == Some(self.mark.as_str());
        same_job && same_source
    }

    fn fault(&self, what: &str, error: &Error) -> Fault {
        let place = ObjectFiles::place(&self.target.container, &self.target.path);
        errors::fault(what, &place, error)
    }

    /// Waits until at most `most` parts are on their way.
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

    fn payload(&mut self) -> PutPayload {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting).into_iter().collect()
    }

    /// The upload, which begins with the first part.
    async fn upload(&mut self) -> Result<&mut Box<dyn MultipartUpload>, Fault> {
        if self.upload.get_mut().unwrap_or_else(PoisonError::into_inner).is_none() {
            let options = PutMultipartOptions {
                attributes: self.attributes.clone(),
                ..PutMultipartOptions::default()
            };
            let upload = self.container.put_multipart_opts(&self.path, options).await;
            self.upload = Mutex::new(Some(upload.map_err(|error| self.fault("writing", &error))?));
        }
        let upload = self.upload.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut();
        upload.ok_or_else(|| Fault::new(Code::Internal, "an upload is gone"))
    }

    async fn send(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.wait(self.in_flight - 1).await?;
        let payload = self.payload();
        let part = self.upload().await?.put_part(payload);
        self.sending.spawn(part);
        self.parts += 1;
        Ok(())
    }

    /// Puts a small object, on the condition that what is there is what was seen.
    async fn put(&mut self) -> Result<bool, Fault> {
        let payload: PutPayload = self.waiting.iter().cloned().collect();
        for _ in 0..TURNS {
            let options = PutOptions {
                mode: match &self.seen {
                    Seen::Nothing => PutMode::Create,
                    Seen::Hidden => PutMode::Overwrite,
                    Seen::Object(etag) => PutMode::Update(UpdateVersion {
                        e_tag: Some(etag.clone()),
                        version: None,
                    }),
                },
                attributes: self.attributes.clone(),
                ..PutOptions::default()
            };
            let put = self.container.put_opts(&self.path, payload.clone(), options).await;
            let error = match put {
                Ok(done) => {
                    self.md5 = tap::md5_in(&done.extensions);
                    self.waiting.clear();
                    return Ok(false);
                }
                Err(error) => error,
            };
            let changed = matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. });
            if !changed && !matches!(errors::told(&error).status, None | Some(409 | 500..)) {
                return Err(self.fault("publishing", &error));
            }
            // Somebody was faster, or it was we ourselves, and the answer was lost.
            if let Ok(found) = bucket::head(self.container.as_ref(), &self.path).await
                && told(&found, COMMIT) == Some(self.tag.as_str())
            {
                self.waiting.clear();
                return Ok(true);
            }
            if !changed {
                return Err(self.fault("publishing", &error));
            }
            self.look().await?;
            if self.replayed {
                self.waiting.clear();
                return Ok(true);
            }
        }
        let text = format!("{}: others write it all the time", self.location);
        Err(Fault::new(Code::StoreBusy, text))
    }

    /// Lists the parts.
    async fn complete(&mut self) -> Result<bool, Fault> {
        if !self.service.commit_fences() {
            self.look().await?;
        }
        let Err(error) = self.upload().await?.complete().await else {
            return Ok(false);
        };
        let found = bucket::head(self.container.as_ref(), &self.path).await.ok();
        if let Some(found) = &found {
            self.check_latest(found)?;
        }
        if found.as_ref().and_then(|found| told(found, COMMIT)) != Some(self.tag.as_str()) {
            return Err(self.fault("publishing", &error));
        }
        // Put before, and the answer was lost.
        Ok(true)
    }
}

fn attributes(copied: &Copied, tag: &str) -> Attributes {
    let mut all = Attributes::new();
    let asked = &copied.attributes;
    for (name, value) in [
        (Attribute::ContentType, &asked.content_type),
        (Attribute::ContentEncoding, &asked.content_encoding),
        (Attribute::ContentLanguage, &asked.content_language),
        (Attribute::ContentDisposition, &asked.content_disposition),
        (Attribute::CacheControl, &asked.cache_control),
    ] {
        if let Some(value) = value {
            all.insert(name, value.clone().into());
        }
    }
    for (name, value) in &asked.metadata {
        all.insert(Attribute::Metadata(name.clone().into()), value.clone().into());
    }
    all.insert(Attribute::Metadata(COMMIT.into()), tag.to_owned().into());
    if !copied.mark.is_empty() {
        all.insert(Attribute::Metadata(MARK.into()), copied.mark.clone().into());
    }
    all
}

fn told<'a>(found: &'a GetResult, name: &'static str) -> Option<&'a str> {
    found
        .attributes
        .get(&Attribute::Metadata(name.into()))
        .map(AsRef::as_ref)
}

/// Job and token of a tag `job_attempt_token`.
fn split_tag(tag: &str) -> Option<(&str, u64)> {
    let (rest, token) = tag.rsplit_once('_')?;
    let (job, _attempt) = rest.rsplit_once('_')?;
    Some((job, token.parse().ok()?))
}

#[async_trait]
impl ByteStage for ObjectStage {
    fn block_bytes(&self) -> usize {
        self.block
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        let block = if self.parts < SMALL_BLOCKS {
            self.block
        } else {
            self.block.max(LARGE_BLOCK)
        };
        if self.waiting_bytes >= block {
            self.send().await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Fault> {
        if self.parts == 0 {
            // A small one is put as a whole when it is published.
            return Ok(());
        }
        self.send().await?;
        self.wait(0).await
    }

    fn held(&self) -> usize {
        self.waiting_bytes
    }

    async fn unload(&mut self) -> Result<(), Fault> {
        self.send().await?;
        self.wait(0).await
    }

    /// What is staged cannot be read back; each part was acknowledged, and the published object is read.
    async fn staged(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        Ok(None)
    }

    async fn publish(&mut self) -> Result<Published, Fault> {
        let mut replayed = self.published;
        if !replayed {
            replayed = if self.parts == 0 {
                self.put().await?
            } else {
                self.complete().await?
            };
            self.published = true;
        }
        Ok(Published {
            location: self.location.clone(),
            replayed,
        })
    }

    async fn published(&mut self) -> Result<Option<Arc<dyn ByteReader>>, Fault> {
        let found = match bucket::head(self.container.as_ref(), &self.path).await {
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
        Ok(Some(Arc::new(ObjectReader::new(Arc::clone(&self.container), &entry)?)))
    }

    fn replayed(&self) -> Option<Published> {
        self.replayed.then(|| Published {
            location: self.location.clone(),
            replayed: true,
        })
    }

    fn md5(&self) -> Option<[u8; 16]> {
        self.md5
    }

    async fn discard(&mut self) {
        self.sending.shutdown().await;
        self.waiting.clear();
        let upload = self.upload.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut upload) = upload
            && !self.published
            && let Err(error) = upload.abort().await
        {
            let fault = self.fault("removing the staged parts of", &error);
            tracing::warn!(%fault, "The staged parts of an object were not removed");
        }
    }
}

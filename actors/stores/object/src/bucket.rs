//! Stores of objects as stores of files: what the services have in common.

use crate::errors;
use crate::listing;
use crate::reader::ObjectReader;
use crate::stage::ObjectStage;
use async_trait::async_trait;
use object_store::list::PaginatedListStore;
use object_store::path::Path;
use object_store::{BackoffConfig, Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, RetryConfig};
use sluice_contract::{Code, Fault, Object};
use sluice_net::Network;
use sluice_store_core::CommitKey;
use sluice_store_core::files::{Copied, Folder, Watched, Wrapping};
use sluice_store_formats::{ByteReader, ByteStage, ByteStore, Entry, Location, Target};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// Tries after the first, and the time after which there are no more.
pub(crate) const RETRIES: usize = 5;
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// A container of Azure, or a bucket.
pub(crate) trait Bucket: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Bucket for T {}

/// A service with one login.
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// The dataset location types that it serves.
    fn location_types(&self) -> &'static [&'static str];

    /// Its address, without anything secret.
    fn endpoint(&self) -> &Url;

    /// PEM of the CAs to trust besides the machine's.
    fn ca(&self) -> Option<&str>;

    /// How it is reached.
    fn network(&self) -> &Network;

    /// The container that the linked service names, if it names one.
    fn only(&self) -> Option<&str>;

    /// The fewest bytes of a part of an object, but for the last.
    fn least_part(&self) -> usize;

    /// Whether committing an object drops what others have staged of it.
    fn commit_fences(&self) -> bool;

    /// A new client of a container.
    fn client(&self, container: &str, retries: usize) -> Result<Arc<dyn Bucket>, Fault>;

    /// Deletes an object that has this ETag.
    async fn delete(&self, container: &Arc<dyn Bucket>, name: &str, path: &Path, etag: &str) -> Result<(), Error>;
}

/// One account; its containers' clients are made when they are needed, and kept.
#[derive(Clone)]
pub(crate) struct ObjectFiles {
    pub(crate) service: Arc<dyn Service>,
    containers: Arc<Mutex<HashMap<String, Arc<dyn Bucket>>>>,
}

impl ObjectFiles {
    pub(crate) fn new(service: Arc<dyn Service>) -> Self {
        Self {
            service,
            containers: Arc::default(),
        }
    }

    /// The client of a container.
    pub(crate) fn container(&self, name: &str) -> Result<Arc<dyn Bucket>, Fault> {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = containers.get(name) {
            return Ok(Arc::clone(client));
        }
        let client = self.service.client(name, RETRIES)?;
        containers.insert(name.to_owned(), Arc::clone(&client));
        Ok(client)
    }

    /// For people.
    pub(crate) fn label(&self) -> &str {
        self.service.endpoint().as_str().trim_end_matches('/')
    }

    /// For people and faults: `path in container`.
    pub(crate) fn place(container: &str, path: &str) -> String {
        match path {
            "" => container.to_owned(),
            path => format!("{path} in {container}"),
        }
    }
}

/// How often a request is tried.
pub(crate) fn retry(retries: usize) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: retries,
        retry_timeout: RETRY_TIMEOUT,
    }
}

/// A path as the library takes it.
pub(crate) fn path_of(path: &str) -> Result<Path, Fault> {
    Path::parse(path).map_err(|error| {
        Fault::new(
            Code::PropertyMissing,
            format!("the path {path:?} cannot be used: {error}"),
        )
    })
}

/// Looks at an object. The answer to a HEAD has no body that would say what failed; a GET is asked for it.
pub(crate) async fn head(container: &dyn Bucket, path: &Path) -> Result<GetResult, Error> {
    let head = GetOptions {
        head: true,
        ..GetOptions::default()
    };
    let error = match container.get_opts(path, head).await {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    if !matches!(
        error,
        Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
    ) {
        return Err(error);
    }
    let first = GetOptions {
        range: Some(GetRange::Bounded(0..1)),
        ..GetOptions::default()
    };
    Err(container.get_opts(path, first).await.err().unwrap_or(error))
}

/// That an object is as it was.
pub(crate) async fn still(container: &dyn Bucket, path: &Path, etag: &str) -> Result<(), Error> {
    let options = GetOptions {
        head: true,
        if_match: Some(etag.to_owned()).filter(|etag| !etag.is_empty()),
        ..GetOptions::default()
    };
    container.get_opts(path, options).await.map(drop)
}

pub(crate) fn entry(container: &str, meta: ObjectMeta) -> Entry {
    Entry {
        container: container.to_owned(),
        path: meta.location.as_ref().to_owned(),
        size: meta.size,
        version: meta.e_tag.unwrap_or_default(),
        modified: Some(meta.last_modified),
    }
}

#[async_trait]
impl ByteStore for ObjectFiles {
    fn location_types(&self) -> &'static [&'static str] {
        self.service.location_types()
    }

    fn has_containers(&self) -> bool {
        true
    }

    fn keeps_attributes(&self) -> bool {
        true
    }

    fn wrapping(&self, dataset: &Object) -> Result<Option<Arc<dyn Wrapping>>, Fault> {
        sluice_store_formats::wrapping(dataset)
    }

    async fn find(&self, location: &Location) -> Result<Vec<Entry>, Fault> {
        let name = location.container.as_str();
        let container = self.container(name)?;
        if let Some(file) = &location.file {
            let path = location.path_of(file);
            let found = head(container.as_ref(), &path_of(&path)?).await;
            let found = found.map_err(|error| errors::fault("reading", &Self::place(name, &path), &error))?;
            return Ok(vec![entry(name, found.meta)]);
        }
        listing::list(container.as_ref(), location).await
    }

    async fn watch(&self, watched: &Watched) -> Result<Vec<Entry>, Fault> {
        let location = watched.location(true)?;
        listing::watch(self.container(&location.container)?.as_ref(), &location, watched).await
    }

    async fn folder(&self, location: &Location) -> Result<Folder, Fault> {
        listing::folder(self.container(&location.container)?.as_ref(), location).await
    }

    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        let container = self.container(&entry.container)?;
        Ok(Arc::new(ObjectReader::new(container, entry)?))
    }

    async fn stage(&self, target: &Target, key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        let mut stage = ObjectStage::new(self, target, key, &Copied::default())?;
        stage.look().await?;
        Ok(Box::new(stage))
    }

    async fn stage_copy(&self, target: &Target, key: &CommitKey, copied: &Copied) -> Result<Box<dyn ByteStage>, Fault> {
        let mut stage = ObjectStage::new(self, target, key, copied)?;
        // An earlier attempt may have written it already.
        if key.attempt > 1 || !stage.is_written_blindly(copied.size) {
            stage.look().await?;
        }
        Ok(Box::new(stage))
    }

    async fn delete(&self, entry: &Entry) -> Result<(), Fault> {
        let container = self.container(&entry.container)?;
        let path = path_of(&entry.path)?;
        let deleted = self.service.delete(&container, &entry.container, &path, &entry.version);
        deleted
            .await
            .map_err(|error| errors::fault("deleting", &Self::place(&entry.container, &entry.path), &error))
    }
}

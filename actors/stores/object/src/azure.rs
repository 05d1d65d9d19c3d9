//! Azure Blob Storage as a store of files.

use crate::account::{Account, Login};
use crate::errors;
use crate::reader::BlobReader;
use crate::stage::BlobStage;
use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore,
    RetryConfig,
};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::CommitKey;
use sluice_store_core::files::Wrapping;
use sluice_store_formats::{ByteReader, ByteStage, ByteStore, Entry, Location, Target};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// No request takes longer: blocks and ranges are a few MiB.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No bytes for this long, and the request is tried again.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Tries after the first, and the time after which there are no more.
const RETRIES: usize = 5;
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// One account; its containers' clients are made when they are needed, and kept.
#[derive(Clone)]
pub(crate) struct BlobStore {
    pub(crate) account: Arc<Account>,
    containers: Arc<Mutex<HashMap<String, Arc<MicrosoftAzure>>>>,
}

impl BlobStore {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account: Arc::new(account),
            containers: Arc::default(),
        }
    }

    /// The client of a container.
    pub(crate) fn container(&self, name: &str) -> Result<Arc<MicrosoftAzure>, Fault> {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = containers.get(name) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.client(name, RETRIES)?);
        containers.insert(name.to_owned(), Arc::clone(&client));
        Ok(client)
    }

    /// A new client of a container.
    pub(crate) fn client(&self, container: &str, retries: usize) -> Result<MicrosoftAzure, Fault> {
        let account = &self.account;
        let refused = |why: String| Fault::new(Code::PropertyMissing, why);
        let plain = account.endpoint.scheme() == "http";
        let mut options = ClientOptions::new()
            .with_allow_http(plain)
            .with_timeout(REQUEST_TIMEOUT)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_read_timeout(READ_TIMEOUT);
        if let Some(pem) = &account.ca {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| {
                refused(format!(
                    "`caCertificate` is not PEM: {}",
                    errors::told(&error).innermost()
                ))
            })?;
            if certificates.is_empty() {
                return Err(refused("`caCertificate` holds no certificate in PEM form".to_owned()));
            }
            options = certificates
                .into_iter()
                .fold(options, ClientOptions::with_root_certificate);
        }
        let builder = MicrosoftAzureBuilder::new()
            .with_account(&account.name)
            .with_endpoint(account.label().to_owned())
            .with_container_name(container)
            .with_client_options(options)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(200),
                    max_backoff: Duration::from_secs(10),
                    base: 2.0,
                },
                max_retries: retries,
                retry_timeout: RETRY_TIMEOUT,
            });
        let builder = match &account.login {
            Login::Key(key) => builder.with_access_key(key).with_credential_type("access_key"),
            Login::Signature(signature) => builder
                .with_config(AzureConfigKey::SasKey, signature)
                .with_credential_type("sas_token"),
        };
        // The library's own message could quote the credential.
        builder.build().map_err(|_| {
            refused(
                "the account key is not base64, or the shared access signature is not a list of name=value".to_owned(),
            )
        })
    }

    /// For people and faults: `path in container`.
    pub(crate) fn place(container: &str, path: &str) -> String {
        match path {
            "" => container.to_owned(),
            path => format!("{path} in {container}"),
        }
    }
}

/// A blob's path as the library takes it.
pub(crate) fn path_of(path: &str) -> Result<Path, Fault> {
    Path::parse(path).map_err(|error| {
        Fault::new(
            Code::PropertyMissing,
            format!("the path {path:?} cannot be used: {error}"),
        )
    })
}

/// Looks at a blob. The answer to a HEAD has no body that would say what failed; a GET is asked for it.
pub(crate) async fn head(container: &MicrosoftAzure, path: &Path) -> Result<GetResult, Error> {
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

fn entry(container: &str, meta: ObjectMeta) -> Entry {
    Entry {
        container: container.to_owned(),
        path: meta.location.as_ref().to_owned(),
        size: meta.size,
        version: meta.e_tag.unwrap_or_default(),
        modified: Some(meta.last_modified),
    }
}

#[async_trait]
impl ByteStore for BlobStore {
    fn location_types(&self) -> &'static [&'static str] {
        &["AzureBlobStorageLocation"]
    }

    fn has_containers(&self) -> bool {
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
            let blob = path_of(&path)?;
            let found = head(&container, &blob).await;
            let found = found.map_err(|error| errors::fault("reading", &Self::place(name, &path), &error))?;
            return Ok(vec![entry(name, found.meta)]);
        }
        let prefix = path_of(&location.folder)?;
        let prefix = (!location.folder.is_empty()).then_some(&prefix);
        let listed: Result<Vec<ObjectMeta>, _> = match location.recursive {
            true => container.list(prefix).try_collect().await,
            false => container.list_with_delimiter(prefix).await.map(|listed| listed.objects),
        };
        let listed = listed.map_err(|error| errors::fault("listing", &Self::place(name, &location.folder), &error))?;
        Ok(listed.into_iter().map(|meta| entry(name, meta)).collect())
    }

    async fn open(&self, entry: &Entry) -> Result<Arc<dyn ByteReader>, Fault> {
        let container = self.container(&entry.container)?;
        Ok(Arc::new(BlobReader::new(container, entry)?))
    }

    async fn stage(&self, target: &Target, key: &CommitKey) -> Result<Box<dyn ByteStage>, Fault> {
        let container = self.container(&target.container)?;
        Ok(Box::new(
            BlobStage::create(container, self.account.label(), target, key).await?,
        ))
    }
}

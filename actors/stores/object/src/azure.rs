//! Azure Blob Storage, and Azure Data Lake Storage through its blob endpoint.

use crate::account::{Account, Login};
use crate::bucket::{Bucket, Service, client_options, retry};
use crate::tap::Tapped;
use async_trait::async_trait;
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use url::Url;

/// The kinds of linked services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blob,
    Lake,
}

pub(crate) struct Azure {
    pub(crate) account: Account,
    pub(crate) kind: Kind,
}

impl Azure {
    fn build(&self, container: &str, retries: usize) -> Result<MicrosoftAzure, Fault> {
        let account = &self.account;
        let builder = MicrosoftAzureBuilder::new()
            .with_account(&account.name)
            .with_endpoint(account.label().to_owned())
            .with_container_name(container)
            .with_client_options(client_options(&account.endpoint, account.ca.as_deref())?)
            .with_http_connector(Tapped)
            .with_retry(retry(retries));
        let builder = match &account.login {
            Login::Key(key) => builder.with_access_key(key).with_credential_type("access_key"),
            Login::Signature(signature) => builder
                .with_config(AzureConfigKey::SasKey, signature)
                .with_credential_type("sas_token"),
            Login::Principal {
                id,
                secret,
                tenant,
                authority,
            } => builder
                .with_client_secret_authorization(id, secret, tenant)
                .with_authority_host(authority)
                .with_credential_type("client_secret"),
        };
        // The library's own message could quote the credential.
        builder.build().map_err(|_| {
            Fault::new(
                Code::PropertyMissing,
                "the account key is not base64, or the shared access signature is not a list of name=value",
            )
        })
    }
}

#[async_trait]
impl Service for Azure {
    fn location_types(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Blob => &["AzureBlobStorageLocation"],
            Kind::Lake => &["AzureBlobFSLocation"],
        }
    }

    fn endpoint(&self) -> &Url {
        &self.account.endpoint
    }

    fn ca(&self) -> Option<&str> {
        self.account.ca.as_deref()
    }

    fn only(&self) -> Option<&str> {
        self.account.container.as_deref()
    }

    fn least_part(&self) -> usize {
        1
    }

    fn commit_fences(&self) -> bool {
        true
    }

    fn client(&self, container: &str, retries: usize) -> Result<Arc<dyn Bucket>, Fault> {
        Ok(Arc::new(self.build(container, retries)?))
    }

    async fn delete(&self, container: &Arc<dyn Bucket>, _name: &str, path: &Path, etag: &str) -> Result<(), Error> {
        crate::bucket::still(container.as_ref(), path, etag).await?;
        container.delete(path).await
    }
}

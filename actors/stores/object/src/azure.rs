//! Azure Blob Storage, and Azure Data Lake Storage through its blob endpoint.

use crate::account::{Account, Login};
use crate::bucket::{Bucket, RETRIES, Service, retry};
use crate::client::client;
use async_trait::async_trait;
use object_store::azure::{AzureAuthorizer, AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::path::Path;
use object_store::{Error, HeaderValue};
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use std::sync::{Arc, OnceLock};
use url::Url;

/// The kinds of linked services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blob,
    Lake,
}

pub(crate) struct Azure {
    account: Account,
    kind: Kind,
    network: Network,
    /// For requests that the library does not make: who logs in, and the connections.
    own: OnceLock<(MicrosoftAzure, HttpClient)>,
}

impl Azure {
    pub(crate) fn new(account: Account, kind: Kind, network: Network) -> Self {
        Self {
            account,
            kind,
            network,
            own: OnceLock::new(),
        }
    }

    fn own(&self, container: &str) -> Result<&(MicrosoftAzure, HttpClient), Fault> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        let client = client(&self.network, &self.account.endpoint, self.account.ca.as_deref())?;
        let client = client.of_library();
        let login = self.build(container, RETRIES)?;
        Ok(self.own.get_or_init(|| (login, client)))
    }

    /// Deletes a blob on the condition that it has this ETag, in one request.
    async fn delete_if(&self, container: &str, path: &Path, etag: &str) -> Result<(), Error> {
        let failed = |source: String| Error::Generic {
            store: "azure",
            source: source.into(),
        };
        let (login, client) = self.own(container).map_err(|fault| failed(fault.message))?;
        let mut url = self.account.endpoint.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .push(container)
                .extend(path.parts().map(|part| part.as_ref().to_owned()));
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = "DELETE".parse().map_err(|_| failed("no method".to_owned()))?;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| failed("the blob has no address".to_owned()))?;
        let etag = HeaderValue::from_str(etag).map_err(|_| failed("the blob has no ETag".to_owned()))?;
        request.headers_mut().insert("if-match", etag);
        let credential = login.credentials().get_credential().await?;
        AzureAuthorizer::new(&credential, &self.account.name).try_authorize(&mut request)?;
        let answer = client.execute(request).await.map_err(|error| Error::Generic {
            store: "azure",
            source: Box::new(error),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = answer.into_body().bytes().await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        Err(failed(format!("Server returned non-2xx status code: {status}: {body}")))
    }

    fn build(&self, container: &str, retries: usize) -> Result<MicrosoftAzure, Fault> {
        let account = &self.account;
        let builder = MicrosoftAzureBuilder::new()
            .with_account(&account.name)
            .with_endpoint(account.label().to_owned())
            .with_container_name(container)
            .with_allow_http(account.endpoint.scheme() == "http")
            .with_http_connector(client(&self.network, &account.endpoint, account.ca.as_deref())?)
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

    fn network(&self) -> &Network {
        &self.network
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

    async fn delete(&self, _container: &Arc<dyn Bucket>, name: &str, path: &Path, etag: &str) -> Result<(), Error> {
        self.delete_if(name, path, etag).await
    }
}

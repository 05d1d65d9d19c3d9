//! Amazon S3, and what speaks its protocol.

use crate::bucket::{Bucket, Service, retry};
use crate::client::client;
use async_trait::async_trait;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use sluice_store_core::StoreProperties;
use std::sync::Arc;
use url::Url;

/// The region of those who name none.
const REGION: &str = "us-east-1";

/// An account, or an anonymous reader. Has no `Debug`, for what logs in is secret.
pub(crate) struct S3 {
    /// The service's own address where the linked service names one, else Amazon's in the region.
    endpoint: Url,
    named: bool,
    region: String,
    path_style: bool,
    login: Option<Login>,
    ca: Option<String>,
    network: Network,
}

struct Login {
    id: String,
    secret: String,
    session: Option<String>,
}

fn refused(why: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, why)
}

impl S3 {
    /// Reads `accessKeyId`, `secretAccessKey`, `sessionToken`, `serviceUrl`, `forcePathStyle`, `region`, and our own
    /// `caCertificate`.
    ///
    /// # Errors
    /// `SL6013`. No value of a secret is quoted.
    pub(crate) fn read(properties: &StoreProperties, network: Network) -> Result<Self, Fault> {
        let text = |name: &str| properties.text(name).filter(|text| !text.trim().is_empty());
        let kind = text("authenticationType").unwrap_or_else(|| "AccessKey".to_owned());
        let login = match kind.to_ascii_lowercase().as_str() {
            "accesskey" | "temporarysecuritycredentials" => Some(Login {
                id: text("accessKeyId").ok_or_else(|| refused("the linked service has no `accessKeyId`"))?,
                secret: text("secretAccessKey")
                    .ok_or_else(|| refused("the linked service has no `secretAccessKey`"))?,
                session: text("sessionToken"),
            }),
            "anonymous" => None,
            _ => {
                return Err(refused(format!(
                    "`authenticationType` {kind:?} is none of AccessKey, TemporarySecurityCredentials and Anonymous"
                )));
            }
        };
        let service = text("serviceUrl");
        let endpoint = match &service {
            Some(address) => parse(address)?,
            None => {
                let region = text("region").unwrap_or_else(|| REGION.to_owned());
                parse(&format!("https://s3.{region}.amazonaws.com"))?
            }
        };
        if service.is_none() && properties.kind.eq_ignore_ascii_case("AmazonS3Compatible") {
            return Err(refused(
                "the linked service has no `serviceUrl`, the address of the store",
            ));
        }
        let in_host = endpoint
            .host_str()
            .and_then(|host| host.strip_prefix("s3.")?.strip_suffix(".amazonaws.com"))
            .map(str::to_owned);
        let style = text("forcePathStyle").map(|flag| flag.eq_ignore_ascii_case("true"));
        let amazon = endpoint.host_str().is_some_and(|host| host.ends_with(".amazonaws.com"));
        Ok(Self {
            region: text("region").or(in_host).unwrap_or_else(|| REGION.to_owned()),
            // A name before an IP address or a name of one's own network leads nowhere.
            path_style: style.unwrap_or(service.is_some() && !amazon),
            named: service.is_some(),
            endpoint,
            login,
            ca: text("caCertificate"),
            network,
        })
    }

    /// The address as the library wants it: with the bucket in the host's name where it is addressed so.
    fn address(&self, bucket: &str) -> String {
        let address = self.endpoint.as_str().trim_end_matches('/');
        match address.split_once("://") {
            Some((scheme, host)) if !self.path_style => format!("{scheme}://{bucket}.{host}"),
            _ => address.to_owned(),
        }
    }
}

fn parse(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text.trim()).map_err(|error| refused(format!("`serviceUrl` is not an address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !url.username().is_empty() {
        return Err(refused("`serviceUrl` is neither an http nor an https address"));
    }
    Ok(url)
}

#[async_trait]
impl Service for S3 {
    fn location_types(&self) -> &'static [&'static str] {
        &["AmazonS3Location", "AmazonS3CompatibleLocation"]
    }

    fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    fn network(&self) -> &Network {
        &self.network
    }

    fn only(&self) -> Option<&str> {
        None
    }

    fn least_part(&self) -> usize {
        5 << 20
    }

    fn commit_fences(&self) -> bool {
        false
    }

    fn client(&self, container: &str, retries: usize) -> Result<Arc<dyn Bucket>, Fault> {
        let builder = AmazonS3Builder::new()
            .with_bucket_name(container)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_allow_http(self.endpoint.scheme() == "http")
            .with_http_connector(client(&self.network, &self.endpoint, self.ca.as_deref())?)
            .with_retry(retry(retries));
        let builder = if self.named || self.path_style {
            builder.with_endpoint(self.address(container))
        } else {
            builder
        };
        let builder = match &self.login {
            None => builder.with_skip_signature(true),
            Some(login) => {
                let builder = builder
                    .with_access_key_id(&login.id)
                    .with_secret_access_key(&login.secret);
                match &login.session {
                    Some(session) => builder.with_token(session),
                    None => builder,
                }
            }
        };
        // The library's own message could quote the credential.
        let client = builder
            .build()
            .map_err(|_| refused(format!("the bucket {container:?} cannot be addressed")))?;
        Ok(Arc::new(client))
    }

    /// S3 deletes whatever is there: between the look and the deletion there is a moment.
    async fn delete(&self, container: &Arc<dyn Bucket>, _name: &str, path: &Path, etag: &str) -> Result<(), Error> {
        crate::bucket::still(container.as_ref(), path, etag).await?;
        container.delete(path).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, public: serde_json::Value) -> Result<S3, Fault> {
        let properties = StoreProperties {
            kind: kind.to_owned(),
            public: public.as_object().unwrap().clone(),
            secrets: Default::default(),
        };
        S3::read(&properties, Network::open())
    }

    #[test]
    fn addresses_follow_style_and_region() {
        let key = |mut public: serde_json::Value| {
            public["accessKeyId"] = "id".into();
            public["secretAccessKey"] = "CANARY".into();
            public
        };
        let amazon = read("AmazonS3", key(serde_json::json!({"region": "eu-west-1"}))).unwrap();
        assert_eq!(
            (amazon.endpoint.as_str(), amazon.path_style),
            ("https://s3.eu-west-1.amazonaws.com/", false)
        );
        let named = read(
            "AmazonS3",
            key(serde_json::json!({"serviceUrl": "https://s3.eu-central-1.amazonaws.com"})),
        )
        .unwrap();
        assert_eq!(
            (named.region.as_str(), named.address("b")),
            ("eu-central-1", "https://b.s3.eu-central-1.amazonaws.com".to_owned())
        );
        let own = read(
            "AmazonS3Compatible",
            key(serde_json::json!({"serviceUrl": "http://127.0.0.1:9000/"})),
        )
        .unwrap();
        assert_eq!(own.address("b"), "http://127.0.0.1:9000");
        for (kind, public, word) in [
            ("AmazonS3", serde_json::json!({}), "accessKeyId"),
            ("AmazonS3", serde_json::json!({"accessKeyId": "x"}), "secretAccessKey"),
            ("AmazonS3Compatible", key(serde_json::json!({})), "serviceUrl"),
            (
                "AmazonS3",
                key(serde_json::json!({"serviceUrl": "nonsense"})),
                "serviceUrl",
            ),
            (
                "AmazonS3",
                serde_json::json!({"authenticationType": "Role"}),
                "authenticationType",
            ),
        ] {
            let fault = read(kind, public).err().unwrap();
            assert!(
                fault.message.contains(word) && !fault.message.contains("CANARY"),
                "{fault}"
            );
        }
    }
}

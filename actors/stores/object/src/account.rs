//! A linked service's account: where it is, and what logs in.

use crate::azure::Kind;
use sluice_contract::{Code, Fault};
use sluice_store_core::StoreProperties;
use url::{Host, Url};

/// The account that every storage emulator has. Its key is public.
const EMULATOR: &str = "devstoreaccount1";
const EMULATOR_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// An account. Has no `Debug`, for what logs in is secret.
pub(crate) struct Account {
    /// Its blob endpoint, with the account in the path where the host does not name it.
    pub(crate) endpoint: Url,
    pub(crate) name: String,
    pub(crate) login: Login,
    /// PEM of the CAs to trust besides the machine's.
    pub(crate) ca: Option<String>,
    /// The container that the address names, if it names one.
    pub(crate) container: Option<String>,
}

/// What logs in.
pub(crate) enum Login {
    Key(String),
    /// A shared access signature: the query of an address.
    Signature(String),
    /// A service principal.
    Principal {
        id: String,
        secret: String,
        tenant: String,
        /// Who gives out tokens.
        authority: String,
    },
}

fn refused(why: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, why)
}

impl Account {
    /// Reads `connectionString`, or `sasUri`, or `serviceEndpoint` with a key, a signature or a service principal; of a lake
    /// `sasUri`, or `url` with the same.
    ///
    /// # Errors
    /// `SL6013`. No value of a secret is quoted.
    pub(crate) fn read(properties: &StoreProperties, kind: Kind) -> Result<Self, Fault> {
        let ca = properties.text("caCertificate").filter(|pem| !pem.trim().is_empty());
        let text = |name: &str| properties.text(name).filter(|text| !text.trim().is_empty());
        let mut account = if let Some(uri) = text("sasUri") {
            Self::from_sas_uri(&uri, text("sasToken"))?
        } else if text("connectionString").is_some()
            || text("serviceEndpoint").is_some()
            || (kind == Kind::Lake && text("url").is_some())
        {
            Self::from_parts(properties)?
        } else if kind == Kind::Lake {
            return Err(refused("the linked service has neither `url` nor `sasUri`"));
        } else {
            return Err(refused(
                "the linked service has none of `connectionString`, `sasUri` and `serviceEndpoint`",
            ));
        };
        account.ca = ca;
        Ok(account)
    }

    fn from_sas_uri(uri: &str, token: Option<String>) -> Result<Self, Fault> {
        let mut endpoint = parse("sasUri", uri)?;
        let signature = token
            .or_else(|| endpoint.query().map(str::to_owned))
            .filter(|signature| signature.contains("sig="))
            .ok_or_else(|| refused("`sasUri` carries no signature, and there is no `sasToken`"))?;
        endpoint.set_query(None);
        let (name, container) = take_path(&mut endpoint)?;
        Ok(Self {
            endpoint,
            name,
            login: Login::Signature(signature),
            ca: None,
            container,
        })
    }

    fn from_parts(properties: &StoreProperties) -> Result<Self, Fault> {
        let either = |name: &str| properties.either(name, &[name]).filter(|text| !text.is_empty());
        if either("UseDevelopmentStorage").is_some_and(|flag| flag.eq_ignore_ascii_case("true")) {
            return Ok(Self {
                endpoint: parse("connectionString", &format!("http://127.0.0.1:10000/{EMULATOR}"))?,
                name: EMULATOR.to_owned(),
                login: Login::Key(EMULATOR_KEY.to_owned()),
                ca: None,
                container: None,
            });
        }
        let named = either("AccountName");
        let given = |name: &str| properties.text(name).filter(|text| !text.trim().is_empty());
        let address = either("BlobEndpoint")
            .or_else(|| given("serviceEndpoint"))
            .or_else(|| given("url"));
        let mut endpoint = match (address, &named) {
            (Some(address), _) => parse("BlobEndpoint", &address)?,
            (None, Some(name)) => {
                let protocol = either("DefaultEndpointsProtocol").unwrap_or_else(|| "https".to_owned());
                let suffix = either("EndpointSuffix").unwrap_or_else(|| "core.windows.net".to_owned());
                parse("connectionString", &format!("{protocol}://{name}.blob.{suffix}"))?
            }
            (None, None) => return Err(refused("`connectionString` has neither AccountName nor BlobEndpoint")),
        };
        let (in_address, container) = take_path(&mut endpoint)?;
        let key = either("AccountKey");
        let signature = either("SharedAccessSignature").or_else(|| properties.text("sasToken"));
        let login = match (key, signature.filter(|text| !text.is_empty())) {
            (Some(key), _) => Login::Key(key),
            (None, Some(signature)) => Login::Signature(signature),
            (None, None) => principal(properties)?,
        };
        Ok(Self {
            endpoint,
            name: named.unwrap_or(in_address),
            login,
            ca: None,
            container,
        })
    }

    /// For people: the address without anything secret.
    pub(crate) fn label(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }
}

/// A service principal with its secret.
fn principal(properties: &StoreProperties) -> Result<Login, Fault> {
    let text = |names: &[&str]| {
        let mut texts = names.iter().filter_map(|name| properties.text(name));
        texts.find(|text| !text.trim().is_empty())
    };
    let Some(id) = text(&["servicePrincipalId"]) else {
        return Err(refused(
            "there is neither an account key nor a shared access signature nor a service principal; logging in with a managed \
             identity is not served",
        ));
    };
    if text(&["servicePrincipalCredentialType"]).is_some_and(|kind| !kind.eq_ignore_ascii_case("ServicePrincipalKey")) {
        return Err(refused(
            "a service principal logs in with its key here, not with a certificate",
        ));
    }
    let cloud = text(&["azureCloudType"]).unwrap_or_else(|| "AzurePublic".to_owned());
    let authority = match cloud.to_ascii_lowercase().as_str() {
        "azurepublic" => "https://login.microsoftonline.com",
        "azurechina" => "https://login.partner.microsoftonline.cn",
        "azureusgovernment" => "https://login.microsoftonline.us",
        _ => return Err(refused(format!("`azureCloudType` {cloud:?} is not known"))),
    };
    Ok(Login::Principal {
        id,
        secret: text(&["servicePrincipalKey", "servicePrincipalCredential"])
            .ok_or_else(|| refused("the service principal has no `servicePrincipalKey`"))?,
        tenant: text(&["tenant"]).ok_or_else(|| refused("the service principal has no `tenant`"))?,
        authority: authority.to_owned(),
    })
}

fn parse(property: &str, text: &str) -> Result<Url, Fault> {
    // The text may hold a signature; it is not quoted.
    let mut url =
        Url::parse(text.trim()).map_err(|error| refused(format!("`{property}` is not an address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused(format!("`{property}` is neither an http nor an https address")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(format!(
            "`{property}` carries a user name, which Azure Blob Storage does not know"
        )));
    }
    // A lake has two endpoints for the same files; blobs are what this speaks.
    if let Some(host) = url.host_str().filter(|host| host.contains(".dfs.")) {
        let blob = host.replacen(".dfs.", ".blob.", 1);
        let _ = url.set_host(Some(&blob));
    }
    Ok(url)
}

/// Takes account and container out of an address. Behind a name such as `ACCOUNT.blob.core.windows.net` the path is the
/// container; behind an IP address or a name without an account (an emulator, a proxy) it is the account first.
fn take_path(endpoint: &mut Url) -> Result<(String, Option<String>), Fault> {
    let parts: Vec<String> = endpoint
        .path_segments()
        .map(|parts| parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .unwrap_or_default();
    let mut parts = parts.into_iter();
    let in_host = match endpoint.host() {
        Some(Host::Domain(name)) if name.contains(".blob.") => name.split('.').next().map(str::to_owned),
        _ => None,
    };
    let name = match in_host {
        Some(name) => {
            endpoint.set_path("");
            name
        }
        None => {
            let name = parts.next().ok_or_else(|| {
                refused("the address names no account; behind an IP address it is the first part of the path")
            })?;
            endpoint.set_path(&name);
            name
        }
    };
    Ok((name, parts.next()))
}

#[cfg(test)]
mod tests;

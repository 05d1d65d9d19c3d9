//! Azure Key Vault: a token for the client's id and secret, then the secret.

use super::Clear;
use super::http::{address, ask, client, words};
use serde::Deserialize;
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use sluice_store_core::{Reach, StoreProperties};
use zeroize::Zeroizing;

const API_VERSION: &str = "7.4";
/// Where Azure's public cloud gives out tokens.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Where the token comes from, beside what the linked service names itself.
pub(super) fn reaches(properties: &StoreProperties) -> Vec<Reach> {
    let authority = properties.text("authority").unwrap_or_else(|| AUTHORITY.to_owned());
    vec![Reach::of_address(&authority, None)]
}

#[derive(Deserialize)]
struct Token {
    access_token: Clear,
}

#[derive(Deserialize)]
struct Value {
    value: Clear,
}

/// The secret's value.
///
/// # Errors
/// `SL6013` for the linked service, `SL5026` and `SL5027` for the vault.
pub(super) async fn secret(
    network: &Network,
    properties: &StoreProperties,
    name: &str,
    version: Option<&str>,
) -> Result<Clear, Fault> {
    let needed = |name: &str| {
        properties
            .text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::new(Code::PropertyMissing, format!("the linked service has no `{name}`")))
    };
    let vault = address("baseUrl", &needed("baseUrl")?)?;
    let (tenant, id) = (needed("tenant")?, needed("servicePrincipalId")?);
    let key = Zeroizing::new(needed("servicePrincipalKey")?);
    // The resource is the cloud's, not the vault's own address.
    let host = vault.host_str().unwrap_or_default();
    let resource = properties
        .text("resource")
        .unwrap_or_else(|| format!("https://{}", host.split_once('.').map_or(host, |(_, cloud)| cloud)));
    let token = token(network, properties, (&tenant, &id, &key), &resource).await?;
    let http = client(network, properties)?;
    let mut place = vault;
    let mut path = vec!["secrets", name];
    path.extend(version);
    segments(&mut place, &path)?;
    place.query_pairs_mut().append_pair("api-version", API_VERSION);
    let (status, answer) = ask(&http, "the key vault", || {
        http.get(place.clone()).bearer_auth(token.as_str())
    })
    .await?;
    if status != 200 {
        let why = words(&answer, &["/error/message", "/error/code"]);
        let message = format!("secret {name:?}: the key vault answered {status}{why}");
        return Err(Fault::new(Code::SecretRefused, message));
    }
    let value: Value = serde_json::from_slice(&answer).map_err(|_| {
        Fault::new(
            Code::SecretRefused,
            format!("secret {name:?}: the answer is not understood"),
        )
    })?;
    Ok(value.value)
}

/// A token for a resource, for the client's id and secret in a tenant.
///
/// # Errors
/// `SL6013` for the authority's address, `SL5026` and `SL5027` for its answer.
async fn token(
    network: &Network,
    properties: &StoreProperties,
    (tenant, id, key): (&str, &str, &str),
    resource: &str,
) -> Result<Clear, Fault> {
    let http = client(network, properties)?;
    let mut login = address(
        "authority",
        &properties.text("authority").unwrap_or_else(|| AUTHORITY.to_owned()),
    )?;
    segments(&mut login, &[tenant, "oauth2", "v2.0", "token"])?;
    let scope = format!("{}/.default", resource.trim_end_matches('/'));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", key),
        ("scope", &scope),
    ];
    let body = Zeroizing::new(
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish(),
    );
    let request = || {
        http.post(login.clone())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.to_string())
    };
    let (status, answer) = ask(&http, "the token service", request).await?;
    if status != 200 {
        let why = words(&answer, &["/error_description", "/error"]);
        return Err(Fault::new(
            Code::SecretRefused,
            format!("the token service answered {status}{why}"),
        ));
    }
    let token: Token = serde_json::from_slice(&answer)
        .map_err(|_| Fault::new(Code::SecretRefused, "the token service's answer is not understood"))?;
    Ok(token.access_token)
}

/// The token with which a web activity's service principal calls.
///
/// # Errors
/// `SL6013` for what is missing, `SL5026` and `SL5027` for the token service.
pub(super) async fn principal(network: &Network, properties: &StoreProperties, key: &str) -> Result<Clear, Fault> {
    let needed = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| properties.text(name));
        found.find(|text| !text.trim().is_empty()).ok_or_else(|| {
            let text = format!("the activity's `authentication` has no `{}`", names[0]);
            Fault::new(Code::PropertyMissing, text)
        })
    };
    let tenant = needed(&["userTenant", "tenant"])?;
    let id = needed(&["username", "servicePrincipalId"])?;
    token(network, properties, (&tenant, &id, key), &needed(&["resource"])?).await
}

fn segments(url: &mut url::Url, path: &[&str]) -> Result<(), Fault> {
    let crooked = |_| Fault::new(Code::PropertyMissing, "the address has no path");
    url.path_segments_mut().map_err(crooked)?.pop_if_empty().extend(path);
    Ok(())
}

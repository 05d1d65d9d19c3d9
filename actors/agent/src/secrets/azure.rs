//! Azure Key Vault: a token for the client's id and secret, then the secret.

use super::Clear;
use super::http::{address, ask, client, words};
use serde::Deserialize;
use sluice_contract::{Code, Fault};
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
pub(super) async fn secret(properties: &StoreProperties, name: &str, version: Option<&str>) -> Result<Clear, Fault> {
    let needed = |name: &str| {
        properties
            .text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::new(Code::PropertyMissing, format!("the linked service has no `{name}`")))
    };
    let vault = address("baseUrl", &needed("baseUrl")?)?;
    let (tenant, id) = (needed("tenant")?, needed("servicePrincipalId")?);
    let key = Zeroizing::new(needed("servicePrincipalKey")?);
    let http = client(properties)?;
    let mut login = address(
        "authority",
        &properties.text("authority").unwrap_or_else(|| AUTHORITY.to_owned()),
    )?;
    segments(&mut login, &[&tenant, "oauth2", "v2.0", "token"])?;
    // The resource is the cloud's, not the vault's own address.
    let host = vault.host_str().unwrap_or_default();
    let resource = properties
        .text("resource")
        .unwrap_or_else(|| format!("https://{}", host.split_once('.').map_or(host, |(_, cloud)| cloud)));
    let scope = format!("{}/.default", resource.trim_end_matches('/'));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &id),
        ("client_secret", &key),
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
    let (status, answer) = ask("the token service", request).await?;
    if status != 200 {
        let why = words(&answer, &["/error_description", "/error"]);
        return Err(Fault::new(
            Code::SecretRefused,
            format!("the token service answered {status}{why}"),
        ));
    }
    let token: Token = serde_json::from_slice(&answer)
        .map_err(|_| Fault::new(Code::SecretRefused, "the token service's answer is not understood"))?;
    let mut place = vault;
    let mut path = vec!["secrets", name];
    path.extend(version);
    segments(&mut place, &path)?;
    place.query_pairs_mut().append_pair("api-version", API_VERSION);
    let (status, answer) = ask("the key vault", || {
        http.get(place.clone()).bearer_auth(token.access_token.as_str())
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

fn segments(url: &mut url::Url, path: &[&str]) -> Result<(), Fault> {
    let crooked = |_| Fault::new(Code::PropertyMissing, "the address has no path");
    url.path_segments_mut().map_err(crooked)?.pop_if_empty().extend(path);
    Ok(())
}

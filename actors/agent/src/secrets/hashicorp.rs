//! HashiCorp Vault, secrets engine KV version 2: a token that is given, or one for an AppRole, then the secret.

use super::Clear;
use super::http::{address, ask, client, words};
use serde::Deserialize;
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use sluice_store_core::StoreProperties;
use std::collections::HashMap;
use zeroize::Zeroizing;

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: Clear,
}

#[derive(Deserialize)]
struct Answer {
    data: Outer,
}

#[derive(Deserialize)]
struct Outer {
    data: Option<HashMap<String, Clear>>,
}

/// One key of a secret.
///
/// # Errors
/// `SL6013` for the linked service, `SL5026` and `SL5027` for the vault.
pub(super) async fn secret(
    network: &Network,
    properties: &StoreProperties,
    path: &str,
    key: &str,
    version: Option<u64>,
) -> Result<Clear, Fault> {
    let needed = |name: &str| {
        properties
            .text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::new(Code::PropertyMissing, format!("the linked service has no `{name}`")))
    };
    let base = address("url", &needed("url")?)?;
    let http = client(network, properties)?;
    let space = properties.text("namespace").filter(|space| !space.is_empty());
    let with_space = |request: reqwest::RequestBuilder| match &space {
        Some(space) => request.header("X-Vault-Namespace", space),
        None => request,
    };
    let at = |parts: &[&str]| -> Result<url::Url, Fault> {
        let mut url = base.clone();
        let crooked = |_| Fault::new(Code::PropertyMissing, "`url` has no path");
        url.path_segments_mut().map_err(crooked)?.pop_if_empty().extend(parts);
        Ok(url)
    };
    let refused = |status: u16, body: &[u8], what: &str| {
        let why = words(body, &["/errors/0"]);
        Fault::new(Code::SecretRefused, format!("{what}: the vault answered {status}{why}"))
    };
    let token = match properties.text("token").filter(|token| !token.is_empty()) {
        Some(token) => Zeroizing::new(token),
        None => {
            let mount = properties.text("authMount").unwrap_or_else(|| "approle".to_owned());
            let login = at(&["v1", "auth", &mount, "login"])?;
            let (role, secret) = (needed("roleId")?, Zeroizing::new(needed("secretId")?));
            let body = serde_json::json!({ "role_id": role, "secret_id": secret.as_str() });
            let body = Zeroizing::new(body.to_string());
            let request = || {
                with_space(http.post(login.clone()))
                    .header("Content-Type", "application/json")
                    .body(body.to_string())
            };
            let (status, answer) = ask(&http, "the vault", request).await?;
            if status != 200 {
                return Err(refused(status, &answer, "the login"));
            }
            let login: Login = serde_json::from_slice(&answer)
                .map_err(|_| Fault::new(Code::SecretRefused, "the answer to the login is not understood"))?;
            login.auth.client_token
        }
    };
    let mount = properties.text("mount").unwrap_or_else(|| "secret".to_owned());
    let mut parts = vec!["v1", mount.as_str(), "data"];
    parts.extend(path.split('/').filter(|part| !part.is_empty()));
    if parts.contains(&"..") {
        return Err(Fault::new(
            Code::PropertyMissing,
            format!("the path {path:?} is not allowed"),
        ));
    }
    let mut place = at(&parts)?;
    if let Some(version) = version {
        place.query_pairs_mut().append_pair("version", &version.to_string());
    }
    let request = || with_space(http.get(place.clone())).header("X-Vault-Token", token.as_str());
    let (status, answer) = ask(&http, "the vault", request).await?;
    if status != 200 {
        return Err(refused(status, &answer, &format!("secret {path:?}")));
    }
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| {
        Fault::new(
            Code::SecretRefused,
            format!("secret {path:?}: the answer is not understood"),
        )
    })?;
    let values = answer.data.data.unwrap_or_default();
    values
        .get(key)
        .map(|value| Zeroizing::new(value.to_string()))
        .ok_or_else(|| Fault::new(Code::SecretRefused, format!("secret {path:?} has no key {key:?}")))
}

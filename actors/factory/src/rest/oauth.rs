//! OAuth 2.0 client credentials, as Azure's identity libraries ask for them: an API client of this factory trades its id
//! and secret for an access token that lasts an hour. The tenant in the path is a free name.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::access::Scope;
use crate::app::App;
use crate::state::audit::{self, Entry};
use crate::state::clients::{self, ClientRow};
use crate::wire::{micros, random_text, sha256_hex};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;
use sluice_contract::{Code, Fault};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const LASTS: Duration = Duration::from_secs(3600);

/// OpenID Connect discovery: where tokens are.
pub(super) fn configuration(app: &App, call: &Call) -> Response {
    let tenant = format!("{}/{}", call.base(app), call.name(0));
    reply::json_reply(json!({
        "issuer": format!("{tenant}/v2.0"),
        "authorization_endpoint": format!("{tenant}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{tenant}/oauth2/v2.0/token"),
        // The library for Node takes no configuration without it.
        "jwks_uri": format!("{tenant}/discovery/v2.0/keys"),
        "device_authorization_endpoint": format!("{tenant}/oauth2/v2.0/devicecode"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
    }))
}

/// The keys that tokens are signed with: none, for tokens are looked up and not read.
pub(super) fn signing_keys() -> Response {
    reply::json_reply(json!({ "keys": [] }))
}

/// Instance discovery: that this host is an authority, and the only one of its kind.
pub(super) fn discovery(app: &App, call: &Call) -> Response {
    let base = call.base(app);
    let host = base.trim_start_matches("https://");
    // The endpoint that the client wants to know about names its tenant.
    let asked = call.query.get("authorization_endpoint").map(String::as_str);
    let tenant = asked
        .and_then(|asked| url::Url::parse(asked).ok())
        .and_then(|asked| asked.path_segments()?.next().map(str::to_owned))
        .unwrap_or_else(|| "common".to_owned());
    reply::json_reply(json!({
        "tenant_discovery_endpoint": format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}

/// The token endpoint.
pub(super) async fn token(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let form: HashMap<String, Zeroizing<String>> = url::form_urlencoded::parse(&call.body)
        .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
        .collect();
    let field = |name: &str| {
        form.get(name)
            .map(|value| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let address = call.identity.address.to_string();
    match field("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let what = format!("the grant {other:?} is not served, only client_credentials");
            return Ok(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", &what));
        }
        None => {
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "`grant_type` is missing",
            ));
        }
    }
    if field("client_assertion").is_some() {
        let what = "clients have a secret here, not a certificate";
        return Ok(refusal(StatusCode::BAD_REQUEST, "invalid_request", what));
    }
    let basic = basic(call);
    let (id, secret) = match (field("client_id"), field("client_secret"), &basic) {
        (Some(id), Some(secret), _) => (id, secret),
        (_, None, Some((id, secret))) => (id.as_str(), secret.as_str()),
        _ => {
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "`client_id` or `client_secret` is missing",
            ));
        }
    };
    app.logins.check(&address)?;
    app.accounts.check(id)?;
    let found = clients::by_id(&mut *app.state.read().await?, id).await?;
    let Some(client) = found.filter(|client| fits(client, secret)) else {
        app.logins.failed(&address);
        app.accounts.failed(id);
        let entry = Entry {
            kind: "client".to_owned(),
            actor: id.to_owned(),
            address,
            operation: "IssueToken".to_owned(),
            target: call.path.clone(),
            detail: Code::ClientRefused.to_string(),
            ..Entry::default()
        };
        audit::refused(&app.state, &entry).await;
        let fault = Fault::new(Code::ClientRefused, format!("no client {id} has that secret"));
        let what = format!("{}: {}. {}", fault.code, fault.message, fault.next_step());
        return Ok(refusal(StatusCode::UNAUTHORIZED, "invalid_client", &what));
    };
    let token = Zeroizing::new(random_text()?);
    let mut tx = app.state.write().await?;
    clients::grant(&mut tx, &token, &client.id, crate::wire::now() + micros(LASTS)).await?;
    audit::describe(|entry| {
        entry.kind = "client".to_owned();
        entry.actor.clone_from(&client.grant.name);
        entry.detail = format!(
            "scope {}",
            Scope::parse(&client.grant.scope).map_or("none", Scope::as_str)
        );
    });
    tx.commit().await?;
    let mut response = reply::json_reply(json!({
        "token_type": "Bearer",
        "expires_in": LASTS.as_secs() - 1,
        "ext_expires_in": LASTS.as_secs() - 1,
        "access_token": token.as_str(),
    }));
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// Whether a client has this secret and has not expired. The secret has 256 bits, so its hash needs no salt.
fn fits(client: &ClientRow, secret: &str) -> bool {
    let hash = sha256_hex(secret.as_bytes());
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(client.secret.as_bytes(), hash.as_bytes()).is_ok();
    same && !client.grant.has_expired()
}

/// Id and secret from the header, which OAuth allows as well.
fn basic(call: &Call) -> Option<(String, Zeroizing<String>)> {
    let (scheme, text) = call.header(header::AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = Zeroizing::new(String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?);
    let (id, secret) = pair.split_once(':')?;
    // Both are form-encoded before they are joined.
    let decode = |text: &str| super::route::decode(&text.replace('+', " "));
    Some((decode(id)?, Zeroizing::new(decode(secret)?)))
}

/// An error in OAuth's form, which is not the contract's.
fn refusal(status: StatusCode, error: &str, what: &str) -> Response {
    let codes = match error {
        "invalid_client" => vec![7_000_215],
        _ => vec![900_144],
    };
    let body = json!({ "error": error, "error_description": what, "error_codes": codes });
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}

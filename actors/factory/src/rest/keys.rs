//! The two registration keys of a gateway.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::pki::failed;
use crate::state::gateways::{self, GatewayRow, KeyRow};
use crate::state::{nodes, outbox};
use crate::wire::{now, random, sha256_hex};
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use zeroize::Zeroizing;

/// In microseconds.
const HOUR: i64 = 3_600_000_000;
/// Ten years.
const MAX_HOURS: i64 = 87_600;

/// A fresh key of a gateway.
///
/// # Errors
/// `SL9001`, `SL9002`.
pub(crate) fn fresh(app: &App, gateway: &str) -> Result<KeyRow, Fault> {
    let secret = Zeroizing::new(random()?);
    Ok(KeyRow {
        hash: sha256_hex(&*secret),
        wrapped: app.wrapping.wrap(gateway, &*secret)?,
        expires: None,
    })
}

/// The key as it is shown. The address in it is the one under which the factory is reached today.
fn shown(app: &App, gateway: &GatewayRow, key: &KeyRow) -> Result<String, Fault> {
    let secret = app.wrapping.unwrap(&gateway.id, &key.wrapped)?;
    let secret = <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| failed("a stored key", "it is not 32 bytes"))?;
    let key = RegistrationKey::new(
        gateway.id.as_str().into(),
        app.deployment.as_str().into(),
        endpoints(app),
        app.ca.pin,
        secret,
    );
    Ok(key.expose())
}

/// Where a node may register: here, and at the other replicas.
fn endpoints(app: &App) -> String {
    let mut all = vec![app.rest_endpoint.clone()];
    for other in app.replicas.addresses() {
        let other = other.https.trim_start_matches("https://").to_owned();
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all.join(",")
}

pub(crate) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    // Whoever has a key can bring a machine into the gateway: that somebody looked at them is worth an entry of the log,
    // which comes with the transaction.
    let mut tx = app.state.write().await?;
    let (_, gateway) = call.gateway(&mut tx).await?;
    check_kind(&gateway)?;
    tx.commit().await?;
    Ok(reply::json_reply(json!({
        "authKey1": shown(app, &gateway, &gateway.keys[0])?,
        "authKey2": shown(app, &gateway, &gateway.keys[1])?,
    })))
}

/// Nobody registers with a runtime that stands for machines of Azure.
fn check_kind(gateway: &GatewayRow) -> Result<(), ApiError> {
    if !gateway.is_managed() {
        return Ok(());
    }
    Err(ApiError::kind_not_served(format!(
        "the integration runtime {} is of the type Managed, which has no keys: its document is only kept",
        gateway.name
    )))
}

/// Replaces one key; registered nodes go on with their certificates. Additions of ours in the body: with `"recreate": true`
/// the nodes are removed as well, so that whoever registered with the old key is out at once; `"expiresInHours"` is how long
/// the new key registers nodes.
pub(crate) async fn regenerate(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let index = match text(&body, "keyName") {
        Some(name) if name.eq_ignore_ascii_case("authKey1") => 0,
        Some(name) if name.eq_ignore_ascii_case("authKey2") => 1,
        _ => return Err(Fault::new(Code::DocumentInvalid, "`keyName` is neither authKey1 nor authKey2").into()),
    };
    let recreate = member(&body, "recreate").and_then(Value::as_bool).unwrap_or(false);
    let hours = match member(&body, "expiresInHours") {
        None | Some(Value::Null) => None,
        Some(hours) => Some(hours.as_i64().filter(|n| (1..=MAX_HOURS).contains(n)).ok_or_else(|| {
            let what = format!("`expiresInHours` is not a number from 1 to {MAX_HOURS}");
            Fault::new(Code::DocumentInvalid, what)
        })?),
    };
    let mut tx = app.state.write().await?;
    let (_, mut gateway) = call.gateway(&mut tx).await?;
    check_kind(&gateway)?;
    gateway.keys[index] = KeyRow {
        expires: hours.map(|hours| now() + hours * HOUR),
        ..fresh(app, &gateway.id)?
    };
    gateways::put(&mut tx, &gateway).await?;
    let mut cut = Vec::new();
    if recreate {
        cut = nodes::of_gateway(&mut tx, &gateway.id).await?;
        for node in &cut {
            nodes::delete(&mut tx, &node.id).await?;
            outbox::delete_for(&mut tx, &gateway.id, Some(&node.id)).await?;
        }
    }
    tx.commit().await?;
    app.cut_off(cut, "the gateway's key was recreated").await;
    app.live.changed();
    let name = ["authKey1", "authKey2"][index];
    Ok(reply::json_reply(
        json!({ name: shown(app, &gateway, &gateway.keys[index])? }),
    ))
}

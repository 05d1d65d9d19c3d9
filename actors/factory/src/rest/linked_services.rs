//! `PUT` of a linked service: its secrets are sealed to the gateway before anything is stored.

use super::call::Call;
use super::error::ApiError;
use super::{documents as generic, reply, secrets};
use crate::app::App;
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::gateways::{self, GatewayRow};
use crate::state::{Conn, json, stored};
use crate::wire::{etag, now};
use axum::response::Response;
use serde_json::Value;
use sluice_contract::document::{
    Inline, LinkedService, StoreProperties, carry_over, check_name, inline_credential, take_secrets,
};
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    check_name(call.name(3))?;
    let mut body = Value::Object(reply::own_members(call.object()?));
    let view = LinkedService::view(&body)?;
    let (kind, via) = (view.kind().to_owned(), view.gateway().map(str::to_owned));
    let taken = take_all(&mut body);
    let public = LinkedService::view(&body)?.type_properties().clone();

    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let old = documents::find(&mut tx, &factory.id, DocumentKind::LinkedService, call.name(3)).await?;
    call.check_match(old.as_ref().map(|row| row.etag.as_str()))?;
    let own = matches!(inline_credential(&public).0, Some(Inline::Sealed(_)));
    let sealed = if taken.is_empty() && own {
        // The client sealed it itself; what was stored for an earlier version is of no use any more.
        BTreeMap::new()
    } else if taken.is_empty() {
        old.as_ref()
            .map(|old| kept(old, &kind, &public))
            .transpose()?
            .unwrap_or_default()
    } else if sent_back_masks(&public, &taken) && old.as_ref().is_some_and(|old| !old.sealed.is_empty()) {
        return Err(Fault::new(
            Code::DocumentInvalid,
            "some secrets are new and others are masks: the stored ones cannot be read here to be joined with the new \
             ones, so send all secrets of the linked service, or none",
        )
        .into());
    } else {
        let targets = targets(&mut tx, &factory.id, via.as_deref()).await?;
        seal(&kind, &public, taken, &targets)?
    };
    let row = DocumentRow {
        name: old.map_or_else(|| call.name(3).to_owned(), |old| old.name),
        body: json(&body)?,
        etag: etag(),
        sealed,
    };
    documents::put(&mut tx, &factory.id, DocumentKind::LinkedService, &row).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(generic::render(
        &factory,
        DocumentKind::LinkedService,
        &row,
    )))
}

/// Takes every secret out of the document; the ones of nested objects go by their path.
fn take_all(body: &mut Value) -> Secrets {
    let properties = member_mut(body, "properties");
    let taken = match properties.and_then(|p| member_mut(p, "typeProperties")) {
        Some(Value::Object(object)) => take_secrets(object),
        _ => Secrets::new(),
    };
    // Defaults of secret parameters: nothing reads them here.
    secrets::mask(body, "", &mut |_, text| drop(zeroize::Zeroizing::new(text)));
    taken
}

fn member_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    value
        .as_object_mut()?
        .iter_mut()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Whether a masked member is not one whose secret was just taken.
fn sent_back_masks(public: &Object, taken: &Secrets) -> bool {
    public.iter().any(|(key, value)| {
        let below = |name: &str| {
            name.strip_prefix(key.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        carry_over(&Object::from_iter([(key.clone(), value.clone())])) && !taken.names().any(below)
    })
}

/// The sealed credentials that a `PUT` without secrets keeps: the client sent back what it had read.
fn kept(old: &DocumentRow, kind: &str, public: &Object) -> Result<BTreeMap<String, String>, Fault> {
    let stored_body: Value = stored("a linked service", &old.body)?;
    let before = LinkedService::view(&stored_body)?;
    // A connection string is stored without its password, so one that comes back unchanged means the same credential.
    let unchanged = before.kind() == kind && before.type_properties() == public;
    Ok(if unchanged || carry_over(public) {
        old.sealed.clone()
    } else {
        BTreeMap::new()
    })
}

/// The gateways to seal to: the one that is named, or else all of the data factory that have a certificate.
async fn targets(conn: &mut Conn, factory: &str, via: Option<&str>) -> Result<Vec<GatewayRow>, Fault> {
    let mut found = match via {
        Some(name) => {
            let gateway = gateways::find(conn, factory, name).await?.ok_or_else(|| {
                Fault::new(
                    Code::NoGateway,
                    format!("connectVia names the gateway {name}, which is not in this data factory"),
                )
            })?;
            match gateway.is_managed() {
                // Machines of Azure do no work here; whichever gateway gets the work later shall be able to open it.
                true => gateways::list(conn, factory, "", i64::MAX).await?,
                false => vec![gateway],
            }
        }
        None => gateways::list(conn, factory, "", i64::MAX).await?,
    };
    found.retain(|gateway| gateway.certificate.is_some());
    if found.is_empty() {
        let what = match via {
            Some(name) => format!("the gateway {name} has no registered node yet"),
            None => "no gateway of this data factory has a registered node yet".to_owned(),
        };
        return Err(Fault::new(Code::NoGateway, what));
    }
    Ok(found)
}

/// Seals secrets to gateways, each to its certificate; a gateway without one is left out.
pub(super) fn seal(
    kind: &str,
    public: &Object,
    taken: Secrets,
    to: &[GatewayRow],
) -> Result<BTreeMap<String, String>, Fault> {
    let store = StoreProperties {
        kind: kind.to_owned(),
        public: public.clone(),
        secrets: taken,
    };
    let plaintext = Plaintext {
        v: VERSION,
        kind: kind.to_owned(),
        bind: store.binding(),
        secret: store.secrets,
        iat: now() / 1_000_000,
        by: "factory".to_owned(),
    };
    let mut sealed = BTreeMap::new();
    for gateway in to {
        if let Some(certificate) = &gateway.certificate {
            sealed.insert(gateway.id.clone(), sluice_seal::seal(certificate, &plaintext)?);
        }
    }
    Ok(sealed)
}

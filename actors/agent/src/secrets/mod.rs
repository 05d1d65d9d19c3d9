//! Secrets that a linked service only refers to: fetched by the node when it connects, kept in memory for some minutes,
//! and seen by no factory.

mod azure;
mod cache;
mod hashicorp;
mod http;
mod local;
mod reference;
#[cfg(test)]
mod tests;

pub(crate) use cache::SecretCache;
pub(crate) use reference::references;

use crate::hub::Hub;
use reference::{Reference, What};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Reach, StoreProperties};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A secret in clear, wiped when dropped.
type Clear = Zeroizing<String>;

/// Fetches what a linked service refers to and puts it among its secrets.
///
/// # Errors
/// `SL5021` for the node's policy, `SL5026` and `SL5027` for the store of a secret, `SL6013` for a reference that is not
/// understood, and what opening the store's own credential says.
pub(crate) async fn resolve(
    hub: &Arc<Hub>,
    endpoint: &Endpoint,
    properties: &mut StoreProperties,
) -> Result<(), Fault> {
    let found = references(&properties.public)?;
    if found.is_empty() {
        return Ok(());
    }
    let stores = endpoint.secret_stores();
    for reference in found {
        let about = format!("linked service {}, `{}`", endpoint.name, reference.path);
        let clear = fetch(hub, &stores, &reference)
            .await
            .map_err(|fault| fault.context(about))?;
        properties.secrets.insert(reference.path, clear.as_str());
    }
    Ok(())
}

async fn fetch(hub: &Arc<Hub>, stores: &[Endpoint], reference: &Reference) -> Result<Clear, Fault> {
    match &reference.what {
        What::File { path } => {
            let (hub, path) = (Arc::clone(hub), path.clone());
            blocking(move || local::file(&*hub.policy.now()?, &path)).await
        }
        What::Environment { name } => {
            let (hub, name) = (Arc::clone(hub), name.clone());
            blocking(move || local::variable(&*hub.policy.now()?, &name)).await
        }
        What::Azure { store, .. } | What::HashiCorp { store, .. } => {
            let endpoint = stores.iter().find(|endpoint| endpoint.name.eq_ignore_ascii_case(store));
            let endpoint = endpoint.ok_or_else(|| {
                let message = format!("the factory sent no linked service {store}, the secret's store");
                Fault::new(Code::PropertyMissing, message)
            })?;
            let key = cache::key(endpoint, reference);
            if let Some(clear) = hub.secrets.get(&key) {
                return Ok(clear);
            }
            let clear = ask(hub, endpoint, reference)
                .await
                .map_err(|fault| fault.context(format!("store {store}")))?;
            hub.secrets.put(key, &clear);
            Ok(clear)
        }
    }
}

/// The token with which a web activity's service principal calls: its secret goes to the token service, where the node's policy
/// lets it.
///
/// # Errors
/// `SL5021`, `SL5026`, `SL5027`, `SL6013`.
pub(crate) async fn principal_token(
    hub: &Arc<Hub>,
    endpoint: &Endpoint,
    properties: &StoreProperties,
    secret: &str,
) -> Result<Clear, Fault> {
    let shared = Arc::clone(hub);
    let policy = blocking(move || shared.policy.now()).await?;
    policy.check_reach(endpoint, &azure::reaches(properties))?;
    azure::principal(&hub.network, properties, secret)
        .await
        .map_err(|fault| fault.context(&endpoint.name))
}

/// Opens the store's own credential and asks it.
async fn ask(hub: &Arc<Hub>, endpoint: &Endpoint, reference: &Reference) -> Result<Clear, Fault> {
    let properties = crate::vault::open_for(hub, endpoint).await?;
    let policy = Arc::clone(hub);
    let policy = blocking(move || policy.policy.now()).await?;
    let mut reaches = Reach::of_properties(&properties);
    reaches.extend(match &reference.what {
        What::Azure { .. } => azure::reaches(&properties),
        _ => Vec::new(),
    });
    policy.check_reach(endpoint, &reaches)?;
    match &reference.what {
        What::Azure { name, version, .. } => azure::secret(&hub.network, &properties, name, version.as_deref()).await,
        What::HashiCorp { path, key, version, .. } => {
            hashicorp::secret(&hub.network, &properties, path, key, *version).await
        }
        What::File { .. } | What::Environment { .. } => Err(Fault::new(Code::Internal, "a local secret has no store")),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("reading a secret failed: {e}"))))
}

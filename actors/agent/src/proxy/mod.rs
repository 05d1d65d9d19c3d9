//! The node's HTTP proxy: what an administrator of this machine sets, and what the agent makes of it.
//!
//! `proxy.json` in the state directory says where the proxy is, which user logs in, and what goes past it. The password is
//! sealed in it, to a key that lies in the vault under the vault's passphrase like every other.

mod file;
#[cfg(test)]
mod tests;

use crate::hub::Hub;
use crate::state::StateDir;
use crate::vault::{Passphrase, at_hand};
use file::Kept;
use serde::Serialize;
use sluice_contract::{Code, Fault};
use sluice_net::{Network, Proxy, ProxyState};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The proxy, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProxySettings {
    /// `http://host:port`.
    pub url: String,
    /// Who logs in there; nobody does when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Hosts that are reached without it: names, `.domain`, addresses, networks.
    pub bypass: Vec<String>,
}

/// Sets the proxy of a node, registered or not; the password is sealed. An agent that runs is told by
/// [`crate::admin::reload_proxy`].
///
/// # Errors
/// `SL5033` for an address or a login that cannot be used, `SL5020` and `SL5024` for the vault's passphrase, `SL5007` and
/// `SL8006` for files.
pub async fn set(
    state_dir: impl AsRef<Path>,
    settings: ProxySettings,
    password: Option<Zeroizing<String>>,
    passphrase: Option<Passphrase>,
) -> Result<(), Fault> {
    let path = state_dir.as_ref().to_owned();
    blocking(move || {
        let password = password.unwrap_or_default();
        // What cannot be used is not kept.
        usable(&settings, &password)?;
        let state = StateDir::create(&path)?;
        Kept::make(&state, settings, &password, passphrase.as_ref())?.write(&state)
    })
    .await
}

/// The proxy of a node, without its password.
///
/// # Errors
/// `SL5033` when the file is damaged, `SL8006` when it cannot be read.
pub async fn show(state_dir: impl AsRef<Path>) -> Result<Option<ProxySettings>, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || Ok(Kept::read(&state)?.map(|kept| kept.settings()))).await
}

/// From now on there is none.
///
/// # Errors
/// `SL8006`.
pub async fn clear(state_dir: impl AsRef<Path>) -> Result<(), Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || Kept::remove(&state)).await
}

/// The proxy with its login. Blocks.
///
/// # Errors
/// `SL5020` and `SL5024` when the password cannot be opened, `SL5033` when the file is damaged.
pub(crate) fn load(state: &StateDir, passphrase: Option<&Passphrase>) -> Result<Option<Proxy>, Fault> {
    let Some(kept) = Kept::read(state)? else {
        return Ok(None);
    };
    let password = kept.password(state, passphrase)?;
    usable(&kept.settings(), &password).map(Some)
}

/// The way to the factory for a command on this machine, which has what is at hand of the passphrase. Blocks.
///
/// # Errors
/// As [`load`].
pub(crate) fn outward(state: &StateDir, given: Option<&Passphrase>) -> Result<Network, Fault> {
    let proxy = ProxyState::default();
    if Kept::exists(state) {
        proxy.set(Ok(load(state, at_hand(state, given)?.as_ref())?));
    }
    Ok(Network::trusted(proxy))
}

/// The agent takes over what is set now. Blocks.
pub(crate) fn reload(hub: &Hub) -> Result<(), Fault> {
    let loaded = hub
        .passphrase()
        .and_then(|passphrase| load(&hub.state, passphrase.as_ref()));
    let outcome = loaded.as_ref().map(drop).map_err(Clone::clone);
    hub.outward.proxy().set(loaded);
    outcome
}

/// The same on a thread that may wait.
pub(crate) async fn reload_now(hub: &Arc<Hub>) -> Result<(), Fault> {
    let hub = Arc::clone(hub);
    blocking(move || reload(&hub)).await
}

fn usable(settings: &ProxySettings, password: &str) -> Result<Proxy, Fault> {
    let proxy = Proxy::new(&settings.url)?.without(&settings.bypass);
    match &settings.user {
        Some(user) => proxy.with_login(user, password),
        None => Ok(proxy),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("the proxy's settings: {e}"))))
}

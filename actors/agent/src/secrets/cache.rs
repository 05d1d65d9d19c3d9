//! Fetched secrets, in memory only and not for long.

use super::Clear;
use super::reference::Reference;
use dashmap::DashMap;
use sluice_contract::job::Endpoint;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a secret is used without asking its store again.
const KEEP: Duration = Duration::from_secs(300);
/// More than any node uses at a time.
const MOST: usize = 1000;

/// The secrets of one agent.
#[derive(Default)]
pub(crate) struct SecretCache(DashMap<String, (Instant, Clear)>);

/// What a secret is found by: the store as it is now, its login, and the secret in it.
pub(super) fn key(store: &Endpoint, reference: &Reference) -> String {
    let properties = serde_json::to_string(&store.properties).unwrap_or_default();
    let sealed = store.sealed.as_deref().unwrap_or_default();
    format!("{}\n{properties}\n{sealed}\n{:?}", store.kind, reference.what)
}

impl SecretCache {
    pub(super) fn get(&self, key: &str) -> Option<Clear> {
        let entry = self.0.get(key)?;
        let (since, clear) = entry.value();
        (since.elapsed() < KEEP).then(|| Zeroizing::new(clear.to_string()))
    }

    pub(super) fn put(&self, key: String, clear: &Clear) {
        self.0.retain(|_, (since, _)| since.elapsed() < KEEP);
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, (Instant::now(), Zeroizing::new(clear.to_string())));
    }

    /// Forgets all of them: a login was refused, so one of them may have been changed.
    pub(crate) fn forget(&self) {
        self.0.clear();
    }
}

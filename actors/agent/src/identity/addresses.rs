//! Where the factory is reached: the address of the registration, and those of its replicas, which it names itself and this
//! node keeps in `factories.json`.

use super::Identity;
use crate::state::{StateDir, read_public, write_private};
use sluice_contract::enrol::ReplicaAddress;
use sluice_contract::{Code, Fault};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many are remembered; the ones that the factory has not named for the longest time go first.
const MOST: usize = 8;

/// The addresses of the factory.
#[derive(Debug)]
pub(crate) struct Addresses {
    file: PathBuf,
    /// That of the registration.
    first: ReplicaAddress,
    /// The others, the newest first.
    others: Mutex<Vec<ReplicaAddress>>,
    /// The endpoint that the channel was connected to last.
    current: Mutex<String>,
}

impl Addresses {
    /// Reads what this node knows. Blocks.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn load(state: &StateDir, identity: &Identity) -> Result<Self, Fault> {
        let file = state.factories_file();
        let broken = |e: serde_json::Error| Fault::new(Code::NodeStateFailed, format!("{}: {e}", file.display()));
        let others = match read_public(&file)? {
            Some(text) => serde_json::from_str(&text).map_err(broken)?,
            None => Vec::new(),
        };
        Ok(Self {
            file,
            first: ReplicaAddress {
                https: identity.https_endpoint.clone(),
                amqp: identity.amqp_endpoint.clone(),
            },
            others: Mutex::new(others),
            current: Mutex::new(identity.amqp_endpoint.clone()),
        })
    }

    /// What the factory said when the node was registered; what was known before was of another registration. Blocks.
    ///
    /// # Errors
    /// `SL8006`.
    pub(super) fn renew(state: &StateDir, identity: &Identity, named: &[ReplicaAddress]) -> Result<(), Fault> {
        let file = state.factories_file();
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Fault::new(Code::NodeStateFailed, format!("{}: {e}", file.display())))
            }
            _ => Self::load(state, identity)?.learn(named),
        }
    }

    /// What the factory said of its replicas. Blocks when it is news.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn learn(&self, named: &[ReplicaAddress]) -> Result<(), Fault> {
        let text = {
            let mut others = lock(&self.others);
            let mut next: Vec<_> = named.to_vec();
            next.extend(others.iter().filter(|old| !named.contains(old)).cloned());
            next.truncate(MOST);
            if *others == next || named.is_empty() {
                return Ok(());
            }
            let text = serde_json::to_vec_pretty(&next)
                .map_err(|e| Fault::new(Code::Internal, format!("factories.json: {e}")))?;
            *others = next;
            text
        };
        write_private(&self.file, &text)
    }

    /// Host and port of each channel, that of the registration first.
    pub(crate) fn amqp(&self) -> Vec<String> {
        self.all(|address| address.amqp.clone())
    }

    /// The base address of each HTTPS endpoint, that of the registration first.
    pub(crate) fn https(&self) -> Vec<String> {
        self.all(|address| address.https.clone())
    }

    /// Where the channel goes, or went last.
    pub(crate) fn current(&self) -> String {
        lock(&self.current).clone()
    }

    pub(super) fn set_current(&self, endpoint: &str) {
        endpoint.clone_into(&mut lock(&self.current));
    }

    fn all(&self, part: impl Fn(&ReplicaAddress) -> String) -> Vec<String> {
        let mut all = vec![part(&self.first)];
        for other in lock(&self.others).iter().map(part) {
            if !all.contains(&other) {
                all.push(other);
            }
        }
        all
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> ReplicaAddress {
        ReplicaAddress {
            https: format!("https://{name}:8443"),
            amqp: format!("{name}:5671"),
        }
    }

    fn addresses(dir: &std::path::Path) -> Addresses {
        let others = read_public(&dir.join("factories.json")).unwrap();
        Addresses {
            file: dir.join("factories.json"),
            first: address("a"),
            others: Mutex::new(
                others
                    .map(|text| serde_json::from_str(&text).unwrap())
                    .unwrap_or_default(),
            ),
            current: Mutex::default(),
        }
    }

    #[test]
    fn replicas_are_remembered_and_the_registration_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let known = addresses(dir.path());
        known.learn(&[]).unwrap();
        assert!(!dir.path().join("factories.json").exists());
        known.learn(&[address("b"), address("a")]).unwrap();
        assert_eq!(known.amqp(), ["a:5671", "b:5671"]);
        // One that is not there just now may come back.
        known.learn(&[address("c")]).unwrap();
        let again = addresses(dir.path());
        assert_eq!(again.amqp(), ["a:5671", "c:5671", "b:5671"]);
        assert_eq!(again.https()[1], "https://c:8443");
        for number in 0..20 {
            again.learn(&[address(&format!("n{number}"))]).unwrap();
        }
        assert_eq!(again.amqp().len(), MOST + 1);
    }
}

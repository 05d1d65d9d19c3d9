//! A node in one file under a password: its identity, its credential keys, its settings.

mod crypt;
#[cfg(test)]
mod tests;

use crate::exports;
use crate::identity::Identity;
use crate::state::{StateDir, StateLock, read_key, write_private};
use crate::vault::{Passphrase, at_hand, certificates, current_thumbprint, keep_pair, read_pair, use_certificate};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sluice_contract::enrol::Exported;
use sluice_contract::{Code, Fault};
use sluice_seal::GatewayKey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Passwords shorter than this protect nothing that is carried about in a file.
const MIN_PASSWORD: usize = 12;
/// What is carried beside the keys, if it is there. The ledger is not: jobs belong to one machine at a time.
const FILES: &[&str] = &[
    "node.key",
    "node.pem",
    "ca.pem",
    "broker.json",
    "factories.json",
    "limits.json",
    "policy.toml",
    "gateway.toml",
];

/// What is in a backup.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Content {
    version: u32,
    /// Files of the state directory, base64.
    #[zeroize(skip)]
    files: BTreeMap<String, Secret>,
    keys: Vec<Pair>,
    current: String,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct Secret(String);

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Pair {
    certificate: String,
    /// PKCS#8, base64.
    key: String,
}

/// Who was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The gateway's name.
    pub gateway: String,
    /// The data factory's name.
    pub factory: String,
    /// The node's name.
    pub node: String,
    /// How many credential keys there were.
    pub keys: usize,
}

/// Makes a backup of a registered node.
///
/// # Errors
/// `SL2005` when no node is registered, `SL5010` for a password of fewer than 12 characters, `SL5007`, `SL5020` and `SL5024`
/// for the vault, `SL8006` when it cannot be written down that the keys leave.
pub async fn make(
    state_dir: impl AsRef<Path>,
    given: Option<Passphrase>,
    password: Zeroizing<String>,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    if password.chars().count() < MIN_PASSWORD {
        let message = format!("the password has fewer than {MIN_PASSWORD} characters");
        return Err(Fault::new(Code::PasswordTooShort, message));
    }
    blocking(move || {
        Identity::load(&state)?;
        let passphrase = at_hand(&state, given.as_ref())?;
        let mut files = BTreeMap::new();
        for name in FILES {
            if let Some(content) = read_any(&state.path().join(name))? {
                files.insert((*name).to_owned(), Secret(BASE64_STANDARD.encode(&*content)));
            }
        }
        let mut keys = Vec::new();
        for path in certificates(&state)? {
            if let Some(pair) = read_pair(&path, passphrase.as_ref())? {
                keys.push(Pair {
                    certificate: pair.certificate_pem.clone(),
                    key: BASE64_STANDARD.encode(&*pair.pkcs8),
                });
            }
        }
        let content = Content {
            version: 1,
            files,
            keys,
            current: current_thumbprint(&state),
        };
        let text = serde_json::to_vec(&content).map(Zeroizing::new);
        let text = text.map_err(|e| Fault::new(Code::Internal, format!("JSON: {e}")))?;
        let file = crypt::seal(&text, &password)?;
        // No key leaves without it.
        exports::record(&state, &Exported::Backup)?;
        Ok(file)
    })
    .await
}

/// Puts a backup into a state directory in which no node is registered. The keys get a passphrase of this machine's own.
///
/// # Errors
/// `SL5028` when the file or its password is wrong; nothing is changed then. `SL2004` when a node is registered there,
/// `SL2008` when an agent uses the directory, `SL8006` for its files.
pub async fn restore(
    state_dir: impl AsRef<Path>,
    file: Zeroizing<Vec<u8>>,
    password: Zeroizing<String>,
) -> Result<Restored, Fault> {
    let directory: PathBuf = state_dir.as_ref().to_owned();
    blocking(move || {
        let text = crypt::open(&file, &password)?;
        let damaged = || Fault::new(Code::BackupRefused, "what is in the backup is not understood");
        let content: Content = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if content.version != 1 || !content.files.contains_key("gateway.toml") {
            return Err(damaged());
        }
        let state = StateDir::at(&directory);
        if Identity::exists(&state) {
            let message = format!("{} holds a registered node", directory.display());
            return Err(Fault::new(Code::AlreadyRegistered, message));
        }
        let state = StateDir::create(&directory)?;
        let _lock = StateLock::take(&state)?;
        for pair in &content.keys {
            let pkcs8 = BASE64_STANDARD
                .decode(&pair.key)
                .map(Zeroizing::new)
                .map_err(|_| damaged())?;
            let pair = GatewayKey {
                certificate_pem: pair.certificate.clone(),
                pkcs8,
            };
            keep_pair(&state, &pair, None)?;
        }
        if !content.current.is_empty() {
            use_certificate(&state, &content.current)?;
        }
        // In this order: with the last one the node is registered.
        for name in FILES {
            let Some(Secret(text)) = content.files.get(*name) else {
                continue;
            };
            let bytes = BASE64_STANDARD
                .decode(text)
                .map(Zeroizing::new)
                .map_err(|_| damaged())?;
            write_private(&state.path().join(name), &bytes)?;
        }
        let identity = Identity::load(&state)?;
        Ok(Restored {
            gateway: identity.gateway_name,
            factory: identity.factory_name,
            node: identity.node_name,
            keys: content.keys.len(),
        })
    })
    .await
}

fn read_any(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    // A policy may be readable by everybody; keys may not.
    if path.extension().is_some_and(|extension| extension == "key") {
        return read_key(path);
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display()))),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("work on a backup failed: {e}"))))
}

//! `proxy.json`, and the key in the vault that opens the password in it.

use super::ProxySettings;
use crate::state::{StateDir, read_key, write_private};
use crate::vault::{Passphrase, forget_local_keys, keep_local_key, read_local_key};
use serde::{Deserialize, Serialize};
use sluice_contract::sealed::{Plaintext, Secrets};
use sluice_contract::{Code, Fault};
use sluice_seal::{KeyKind, KeyRing, generate_key_of, seal, thumbprint};
use std::collections::BTreeMap;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What is sealed, as the type in the sealed text says.
const KIND: &str = "SluiceProxy";
const MEMBER: &str = "password";
/// The name of its keys in the vault.
const KEYS: &str = "proxy";

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default)]
    bypass: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// The password, and the certificate that it is sealed to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    certificate: String,
    password: String,
}

impl Kept {
    /// Seals the password to a new key in the vault. Blocks.
    pub(super) fn make(
        state: &StateDir,
        settings: ProxySettings,
        password: &str,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, Fault> {
        let sealed = match &settings.user {
            None => None,
            Some(_) => {
                let pair = generate_key_of(KeyKind::P256, "proxy")?;
                let mut secret = Secrets::new();
                secret.insert(MEMBER, password);
                let plaintext = Plaintext {
                    v: 1,
                    kind: KIND.to_owned(),
                    bind: bound_to(&settings),
                    secret,
                    iat: chrono::Utc::now().timestamp(),
                    by: String::new(),
                };
                let password = seal(&pair.certificate_pem, &plaintext)?;
                keep_local_key(state, KEYS, &pair, passphrase)?;
                Some(Sealed {
                    certificate: pair.certificate_pem.clone(),
                    password,
                })
            }
        };
        Ok(Self {
            url: settings.url,
            user: settings.user,
            bypass: settings.bypass,
            sealed,
        })
    }

    /// Puts it in the place of what was there; the keys of that go.
    pub(super) fn write(&self, state: &StateDir) -> Result<(), Fault> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|e| Fault::new(Code::Internal, format!("proxy.json: {e}")))?;
        write_private(&file(state), &text)?;
        let own = self
            .sealed
            .as_ref()
            .map(|sealed| thumbprint(&sealed.certificate))
            .transpose()?;
        forget_local_keys(state, KEYS, own.as_deref())
    }

    pub(super) fn exists(state: &StateDir) -> bool {
        file(state).exists()
    }

    pub(super) fn read(state: &StateDir) -> Result<Option<Self>, Fault> {
        let path = file(state);
        let Some(text) = read_key(&path)? else { return Ok(None) };
        let kept = serde_json::from_slice(&text).map_err(|e| damaged(format!("{}: {e}", path.display())))?;
        Ok(Some(kept))
    }

    pub(super) fn remove(state: &StateDir) -> Result<(), Fault> {
        let path = file(state);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display())));
            }
            _ => {}
        }
        match state.vault().exists() {
            true => forget_local_keys(state, KEYS, None),
            false => Ok(()),
        }
    }

    pub(super) fn settings(&self) -> ProxySettings {
        ProxySettings {
            url: self.url.clone(),
            user: self.user.clone(),
            bypass: self.bypass.clone(),
        }
    }

    /// The password; empty where nobody logs in. Blocks.
    pub(super) fn password(
        &self,
        state: &StateDir,
        passphrase: Option<&Passphrase>,
    ) -> Result<Zeroizing<String>, Fault> {
        let Some(sealed) = &self.sealed else {
            return Ok(Zeroizing::default());
        };
        let about = "the proxy's password";
        let key = read_local_key(state, KEYS, &thumbprint(&sealed.certificate)?, passphrase)
            .map_err(|fault| fault.context(about))?;
        let mut ring = KeyRing::new();
        ring.insert(&sealed.certificate, &key)?;
        let plaintext = ring.open(&sealed.password).map_err(|fault| fault.context(about))?;
        // It goes to the proxy that it was given for, and to no other.
        if plaintext.kind != KIND || plaintext.bind != bound_to(&self.settings()) {
            return Err(damaged(
                "proxy.json was changed by hand: the password is for another proxy or user".to_owned(),
            ));
        }
        let password = plaintext.secret.get(MEMBER).unwrap_or_default();
        Ok(Zeroizing::new(password.to_owned()))
    }
}

fn bound_to(settings: &ProxySettings) -> BTreeMap<String, String> {
    let user = settings.user.clone().unwrap_or_default();
    [("server".to_owned(), settings.url.clone()), ("user".to_owned(), user)].into()
}

fn file(state: &StateDir) -> PathBuf {
    state.path().join("proxy.json")
}

fn damaged(text: String) -> Fault {
    Fault::new(Code::ProxyInvalid, text)
}

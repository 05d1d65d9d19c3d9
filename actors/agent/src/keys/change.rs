//! Another certificate for the gateway, and another passphrase for its keys.

use super::{CertificateInfo, blocking, describe};
use crate::identity::{Identity, ask_factory};
use crate::state::{StateDir, read_public};
use crate::vault::{self, Passphrase, at_hand, current_certificate, keep_pair};
use sluice_contract::document::StoreProperties;
use sluice_contract::enrol::NodeAsks;
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_contract::{Code, Fault, Object};
use sluice_seal::{KeyKind, generate_key_of};
use std::path::Path;

/// Makes another certificate and puts it into the vault. What was sealed to the ones before opens as it did; new
/// credentials are sealed to it after [`use_certificate`].
///
/// # Errors
/// `SL2005` when no node is registered, `SL5007`, `SL5020`, `SL5024` and `SL8006` for the vault.
pub async fn change(
    state_dir: impl AsRef<Path>,
    kind: KeyKind,
    given: Option<Passphrase>,
) -> Result<CertificateInfo, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || {
        let identity = Identity::load(&state)?;
        let pair = generate_key_of(kind, identity.gateway.as_str())?;
        keep_pair(&state, &pair, given.as_ref())?;
        describe(&pair.certificate_pem, false)
    })
    .await
}

/// Tells the factory which certificates this node holds, so that it knows whether the node can be counted on.
///
/// # Errors
/// `SL2005` when no node is registered, `SL2006` and `SL2021` for the factory.
pub async fn report(state_dir: impl AsRef<Path>) -> Result<(), Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let held = state.clone();
    let certificates = blocking(move || Ok(vault::held(&held))).await?;
    ask_factory(&state, None, NodeAsks::Holds { certificates })
        .await
        .map(drop)
}

/// Tells the factory to seal new credentials to a certificate that this node, and every other node of the gateway, holds.
///
/// # Errors
/// `SL5002` when the vault does not hold it, `SL2020` when another node does not, `SL2006` and `SL2021` for the factory.
pub async fn use_certificate(state_dir: impl AsRef<Path>, thumbprint: &str) -> Result<(), Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let path = state.vault().join(format!("{thumbprint}.pem"));
    // A name, not a path.
    let plain = thumbprint
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let pem = match plain {
        true => read_public(&path)?,
        false => None,
    };
    let certificate = pem.ok_or_else(|| {
        let message = format!("the vault holds no certificate {thumbprint}");
        Fault::new(Code::UnknownCertificate, message)
    })?;
    // The factory first: a node that lags behind opens old and new credentials all the same.
    ask_factory(&state, None, NodeAsks::UseCertificate { certificate }).await?;
    let thumbprint = thumbprint.to_owned();
    blocking(move || vault::use_certificate(&state, &thumbprint)).await
}

/// Seals secrets to the certificate in use, as a client of the factory would.
///
/// # Errors
/// `SL5007` when the vault holds no certificate, `SL5004` when the secrets are too long.
pub async fn seal(
    state_dir: impl AsRef<Path>,
    kind: &str,
    properties: &Object,
    secrets: Secrets,
) -> Result<String, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let store = StoreProperties {
        kind: kind.to_owned(),
        public: properties.clone(),
        secrets,
    };
    let plaintext = Plaintext {
        v: VERSION,
        kind: kind.to_owned(),
        bind: store.binding(),
        secret: store.secrets,
        iat: chrono::Utc::now().timestamp(),
        by: "node".to_owned(),
    };
    blocking(move || {
        let path = current_certificate(&state)?;
        let pem = path.map(|path| read_public(&path)).transpose()?.flatten();
        let pem = pem.ok_or_else(|| Fault::new(Code::VaultUnavailable, "the vault holds no credential key"))?;
        sluice_seal::seal(&pem, &plaintext)
    })
    .await
}

/// Encrypts the keys with another passphrase: with `new`, which the agent then needs at every start, or with one that is
/// made and lies in the vault.
///
/// # Errors
/// `SL5020` and `SL5024` for the present one, `SL5007` and `SL8006` for the vault.
pub async fn protect(
    state_dir: impl AsRef<Path>,
    given: Option<Passphrase>,
    new: Option<Passphrase>,
) -> Result<(), Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || {
        if current_certificate(&state)?.is_none() {
            return Err(Fault::new(Code::VaultUnavailable, "the vault holds no credential key"));
        }
        vault::change_passphrase(&state, given.as_ref(), new)
    })
    .await
}

/// Whether somebody has to give the passphrase of the keys.
///
/// # Errors
/// `SL5007` and `SL5024` for the vault.
pub async fn is_locked(state_dir: impl AsRef<Path>, given: Option<Passphrase>) -> Result<bool, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || {
        let passphrase = at_hand(&state, given.as_ref())?;
        match vault::read_ring(&state, passphrase.as_ref()) {
            Ok(_) => Ok(false),
            Err(fault) if fault.code == Code::VaultLocked => Ok(true),
            Err(fault) => Err(fault),
        }
    })
    .await
}

//! The gateway's credential certificates, as an administrator of this machine handles them: shown, carried to another
//! machine in a password-protected file, and taken from one.

mod change;
mod handover;
mod pkcs12;
#[cfg(test)]
mod tests;

pub use change::{change, is_locked, protect, report, seal, use_certificate};
pub use handover::{Approved, Waiter, approve, fingerprint, waiting};

use crate::exports;
use crate::state::{StateDir, read_public};
use crate::vault::{Passphrase, at_hand, certificates, current_certificate, keep_pair, read_pair};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sluice_contract::enrol::Exported;
use sluice_contract::{Code, Fault};
use std::path::{Path, PathBuf};
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;
use zeroize::Zeroizing;

/// Passwords shorter than this protect nothing that is carried about in a file.
const MIN_PASSWORD: usize = 12;

/// A credential certificate of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateInfo {
    /// The base64url SHA-256 of its DER, which sealed credentials name it by.
    pub thumbprint: String,
    /// Whether it is the one that this node registers with.
    pub current: bool,
    /// Its subject.
    pub subject: String,
    /// The kind of its key: `RSA-3072`, `P-256`.
    pub key: String,
    /// Since when it is valid.
    pub from: DateTime<Utc>,
    /// Until when it is valid. Credentials open also after it.
    pub until: DateTime<Utc>,
}

/// The credential certificates of the node, the current one first.
///
/// # Errors
/// `SL5007` when the vault cannot be read, `SL5008` when a certificate in it is damaged.
pub async fn list(state_dir: impl AsRef<Path>) -> Result<Vec<CertificateInfo>, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    blocking(move || {
        let current = current_certificate(&state)?;
        let mut found = Vec::new();
        for path in certificates(&state)? {
            if let Some(pem) = read_public(&path)? {
                found.push(describe(&pem, current.as_ref() == Some(&path))?);
            }
        }
        found.sort_by_key(|certificate| !certificate.current);
        Ok(found)
    })
    .await
}

/// A certificate of the node, the current one where none is named, with its key as a PKCS#12 file under a password
/// (AES-256, SHA-256), and what [`exports::tell`] tells of it.
///
/// # Errors
/// `SL5010` for a password of fewer than 12 characters, `SL5007` when the vault holds no key that can be read, `SL5020` and
/// `SL5024` for its passphrase, `SL8006` when it cannot be written down that the key leaves.
pub async fn export(
    state_dir: impl AsRef<Path>,
    password: Zeroizing<String>,
    given: Option<Passphrase>,
    thumbprint: Option<String>,
) -> Result<(Zeroizing<Vec<u8>>, Exported), Fault> {
    let state = StateDir::at(state_dir.as_ref());
    if password.chars().count() < MIN_PASSWORD {
        let message = format!("the password has fewer than {MIN_PASSWORD} characters");
        return Err(Fault::new(Code::PasswordTooShort, message));
    }
    blocking(move || {
        let passphrase = at_hand(&state, given.as_ref())?;
        let named = |thumbprint: &String| {
            let found = certificates(&state)?;
            Ok(found
                .into_iter()
                .find(|path| path.file_stem().is_some_and(|stem| stem == thumbprint.as_str())))
        };
        let chosen = match &thumbprint {
            Some(thumbprint) => named(thumbprint)?,
            None => current_certificate(&state)?,
        };
        let pair = match chosen {
            Some(path) => read_pair(&path, passphrase.as_ref())?,
            None => None,
        };
        let pair = pair.ok_or_else(|| Fault::new(Code::VaultUnavailable, "the vault holds no credential key"))?;
        let file = pkcs12::write(&pair, &password)?;
        let what = Exported::Certificate {
            thumbprint: sluice_seal::thumbprint(&pair.certificate_pem)?,
        };
        // No key leaves without it.
        exports::record(&state, &what)?;
        Ok((file, what))
    })
    .await
}

/// Adds the certificate and key of a PKCS#12 file to the node's vault. What is there stays: credentials that were sealed
/// to older certificates open as before. A directory in which no node is registered will register with this certificate.
/// Repeating it changes nothing.
///
/// # Errors
/// `SL5009` when the file or its password is wrong; the vault is then as it was. `SL5007`, `SL5020`, `SL5024` and `SL8006`
/// for the vault.
pub async fn import(
    state_dir: impl AsRef<Path>,
    file: Zeroizing<Vec<u8>>,
    password: Zeroizing<String>,
    given: Option<Passphrase>,
) -> Result<CertificateInfo, Fault> {
    let directory = state_dir.as_ref().to_owned();
    blocking(move || {
        let pair = pkcs12::read(&file, &password)?;
        let state = StateDir::create(&directory)?;
        let path = keep_pair(&state, &pair, given.as_ref())?;
        let current = current_certificate(&state)? == Some(path);
        describe(&pair.certificate_pem, current)
    })
    .await
}

fn describe(pem: &str, current: bool) -> Result<CertificateInfo, Fault> {
    let damaged = |_| Fault::new(Code::CertificateInvalid, "a certificate in the vault is damaged");
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| damaged(()))?;
    let certificate = block.parse_x509().map_err(|_| damaged(()))?;
    let time = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0).unwrap_or_default();
    let key = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA-{}", key.key_size()),
        Ok(PublicKey::EC(key)) => format!("P-{}", key.key_size()),
        _ => "unknown".to_owned(),
    };
    Ok(CertificateInfo {
        thumbprint: sluice_seal::thumbprint(pem)?,
        current,
        subject: certificate.subject().to_string(),
        key,
        from: time(certificate.validity().not_before),
        until: time(certificate.validity().not_after),
    })
}

#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8], password: &str) {
    match pkcs12::read(bytes, password) {
        Ok(pair) => assert!(sluice_seal::thumbprint(&pair.certificate_pem).is_ok()),
        Err(fault) => assert_eq!(fault.code, Code::KeyFileRefused),
    }
}

/// Whether a node is registered with this state directory.
pub fn is_registered(state_dir: impl AsRef<Path>) -> bool {
    let directory: PathBuf = state_dir.as_ref().to_owned();
    crate::identity::Identity::exists(&StateDir::at(&directory))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("work on the vault failed: {e}"))))
}

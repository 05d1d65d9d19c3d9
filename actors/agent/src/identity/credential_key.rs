//! The gateway's credential keys in the vault directory: `NAME.pem` is a certificate, `NAME.pk8` its key (PKCS#8 DER).

use crate::state::{StateDir, read_key, read_public, write_private};
use sluice_contract::{Code, Fault};
use sluice_seal::{GatewayKey, generate_key, thumbprint};
use std::path::{Path, PathBuf};

/// The certificate to register: that of a key made by an earlier registration which did not get through, or else a
/// fresh one. Blocks; making a key takes up to some seconds.
///
/// # Errors
/// `SL5007`, `SL8006`, `SL9002`.
pub(super) fn certificate_to_register(state: &StateDir, name: &str) -> Result<String, Fault> {
    for path in certificates(state)? {
        if let Some(pair) = read_pair(&path)? {
            return Ok(pair.certificate_pem);
        }
    }
    let key = generate_key(name)?;
    let stem = thumbprint(&key.certificate_pem)?;
    let file = |extension: &str| state.vault().join(format!("{stem}.{extension}"));
    // The key first: a certificate without its key would be registered and could open nothing.
    write_private(&file("pk8"), &key.pkcs8)?;
    write_private(&file("pem"), key.certificate_pem.as_bytes())?;
    Ok(key.certificate_pem)
}

/// The certificates in the vault, in the order of their names.
///
/// # Errors
/// `SL5007`.
pub(crate) fn certificates(state: &StateDir) -> Result<Vec<PathBuf>, Fault> {
    let directory = state.vault();
    let unreadable = |e: std::io::Error| Fault::new(Code::VaultUnavailable, format!("{}: {e}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A certificate with its key; `None` when the certificate is gone.
///
/// # Errors
/// `SL5007` when the key is missing or not safe to use.
pub(crate) fn read_pair(certificate: &Path) -> Result<Option<GatewayKey>, Fault> {
    let Some(certificate_pem) = read_public(certificate)? else {
        return Ok(None);
    };
    let path = certificate.with_extension("pk8");
    let pkcs8 = read_key(&path)?.ok_or_else(|| {
        Fault::new(
            Code::VaultUnavailable,
            format!("{}: the file is missing", path.display()),
        )
        .retryable(false)
    })?;
    Ok(Some(GatewayKey { certificate_pem, pkcs8 }))
}

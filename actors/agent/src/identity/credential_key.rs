//! The gateway's credential keys in the vault directory: `NAME.pem` is a certificate, `NAME.pk8` its key (PKCS#8 DER).

use crate::state::{StateDir, read_key, read_public, write_private};
use sluice_contract::{Code, Fault};
use sluice_seal::{GatewayKey, generate_key, thumbprint};
use std::path::{Path, PathBuf};

/// The file in the vault that names the certificate in use, where there are several.
const CURRENT: &str = "current";

/// The certificate to register: that of a key which was imported or made by an earlier registration which did not get
/// through, or else a fresh one. Blocks; making a key takes up to some seconds.
///
/// # Errors
/// `SL5007`, `SL8006`, `SL9002`.
pub(super) fn certificate_to_register(state: &StateDir, name: &str) -> Result<String, Fault> {
    if let Some(path) = current_certificate(state)?
        && let Some(pair) = read_pair(&path)?
    {
        return Ok(pair.certificate_pem);
    }
    let key = generate_key(name)?;
    keep_pair(state, &key)?;
    Ok(key.certificate_pem)
}

/// Puts a pair into the vault and says the certificate's file. As long as no node is registered, the newest one is the
/// one in use; afterwards it only opens what was sealed to it.
///
/// # Errors
/// `SL5008`, `SL8006`.
pub(crate) fn keep_pair(state: &StateDir, pair: &GatewayKey) -> Result<PathBuf, Fault> {
    let stem = thumbprint(&pair.certificate_pem)?;
    let file = |extension: &str| state.vault().join(format!("{stem}.{extension}"));
    // Which one is in use must not change by a file that sorts before it.
    let current = match current_certificate(state)? {
        Some(path) if super::Identity::exists(state) => {
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned())
        }
        _ => None,
    };
    write_private(
        &state.vault().join(CURRENT),
        current.as_deref().unwrap_or(&stem).as_bytes(),
    )?;
    // The key first: a certificate without its key would be registered and could open nothing.
    write_private(&file("pk8"), &pair.pkcs8)?;
    write_private(&file("pem"), pair.certificate_pem.as_bytes())?;
    Ok(file("pem"))
}

/// The certificate in use: the one that is noted, else the first.
///
/// # Errors
/// `SL5007`, `SL8006`.
pub(crate) fn current_certificate(state: &StateDir) -> Result<Option<PathBuf>, Fault> {
    let found = certificates(state)?;
    let noted = read_public(&state.vault().join(CURRENT))?.unwrap_or_default();
    let is_noted = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == noted.trim());
    Ok(found.iter().find(is_noted).or(found.first()).cloned())
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

//! The gateway's credential keys in the vault directory: `THUMBPRINT.pem` is a certificate, `THUMBPRINT.pk8` its key,
//! encrypted.

use super::crypt::{decrypt, encrypt, is_encrypted};
use super::passphrase::{Passphrase, at_hand, generate};
use super::rekey;
use crate::state::{StateDir, read_key, read_public, write_private};
use sluice_contract::{Code, Fault};
use sluice_seal::{GatewayKey, KeyKind, KeyRing, generate_key_of, thumbprint};
use std::path::{Path, PathBuf};

/// The file in the vault that names the certificate in use, where there are several.
const CURRENT: &str = "current";

/// The certificate to register: that of a key which was imported or made by an earlier registration which did not get
/// through, or else a fresh one. Blocks; making a key takes up to some seconds.
///
/// # Errors
/// `SL5007`, `SL5020`, `SL8006`, `SL9002`.
pub(crate) fn certificate_to_register(
    state: &StateDir,
    name: &str,
    kind: KeyKind,
    given: Option<&Passphrase>,
) -> Result<String, Fault> {
    if let Some(path) = current_certificate(state)?
        && let Some(pem) = read_public(&path)?
    {
        let passphrase = at_hand(state, given)?;
        // A certificate without its key would be registered and could open nothing.
        read_pair(&path, passphrase.as_ref())?;
        return Ok(pem);
    }
    let key = generate_key_of(kind, name)?;
    keep_pair(state, &key, given)?;
    Ok(key.certificate_pem)
}

/// Puts a pair into the vault and says the certificate's file. As long as no node is registered, the newest one is the
/// one in use; afterwards it only opens what was sealed to it.
///
/// # Errors
/// `SL5008`, `SL5020`, `SL5024`, `SL8006`.
pub(crate) fn keep_pair(state: &StateDir, pair: &GatewayKey, given: Option<&Passphrase>) -> Result<PathBuf, Fault> {
    let stem = thumbprint(&pair.certificate_pem)?;
    let passphrase = passphrase_for_writing(state, given)?;
    let file = |extension: &str| state.vault().join(format!("{stem}.{extension}"));
    // Which one is in use must not change by a file that sorts before it.
    let current = match current_certificate(state)? {
        Some(path) if crate::identity::Identity::exists(state) => {
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned())
        }
        _ => None,
    };
    write_private(
        &state.vault().join(CURRENT),
        current.as_deref().unwrap_or(&stem).as_bytes(),
    )?;
    // The key first: a certificate without its key would be registered and could open nothing.
    write_private(&file("pk8"), &encrypt(&pair.pkcs8, &passphrase)?)?;
    write_private(&file("pem"), pair.certificate_pem.as_bytes())?;
    Ok(file("pem"))
}

/// Makes a certificate of the vault the one in use.
///
/// # Errors
/// `SL5002` when the vault does not hold it, `SL8006`.
pub(crate) fn use_certificate(state: &StateDir, thumbprint: &str) -> Result<(), Fault> {
    let held = certificates(state)?;
    if !held
        .iter()
        .any(|path| path.file_stem().is_some_and(|stem| stem == thumbprint))
    {
        let message = format!("the vault holds no certificate {thumbprint}");
        return Err(Fault::new(Code::UnknownCertificate, message));
    }
    write_private(&state.vault().join(CURRENT), thumbprint.as_bytes())
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
    with_extension(state, "pem")
}

/// The files of the vault with this extension, in the order of their names.
///
/// # Errors
/// `SL5007`.
pub(super) fn with_extension(state: &StateDir, extension: &str) -> Result<Vec<PathBuf>, Fault> {
    let directory = state.vault();
    let unreadable = |e: std::io::Error| Fault::new(Code::VaultUnavailable, format!("{}: {e}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A certificate with its key; `None` when the certificate is gone.
///
/// # Errors
/// `SL5007` when the key is missing or not safe to use, `SL5020` and `SL5024` for its passphrase.
pub(crate) fn read_pair(certificate: &Path, passphrase: Option<&Passphrase>) -> Result<Option<GatewayKey>, Fault> {
    let Some(certificate_pem) = read_public(certificate)? else {
        return Ok(None);
    };
    let pkcs8 = decrypt(read_file_of_key(certificate)?, passphrase)?;
    Ok(Some(GatewayKey { certificate_pem, pkcs8 }))
}

/// Puts a key of this machine's own into the vault, encrypted like the others: `NAME-THUMBPRINT.pk8`. It opens no credential.
///
/// # Errors
/// `SL5008`, `SL5020`, `SL5024`, `SL8006`.
pub(crate) fn keep_local_key(
    state: &StateDir,
    name: &str,
    pair: &GatewayKey,
    given: Option<&Passphrase>,
) -> Result<(), Fault> {
    let passphrase = passphrase_for_writing(state, given)?;
    let file = local_key(state, name, &thumbprint(&pair.certificate_pem)?);
    write_private(&file, &encrypt(&pair.pkcs8, &passphrase)?)
}

/// A key of this machine's own.
///
/// # Errors
/// `SL5007` when it is missing, `SL5020` and `SL5024` for the passphrase.
pub(crate) fn read_local_key(
    state: &StateDir,
    name: &str,
    thumbprint: &str,
    passphrase: Option<&Passphrase>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
    decrypt(read_file_of_key(&local_key(state, name, thumbprint))?, passphrase)
}

/// Removes the keys of this machine's own of this name, but for one.
///
/// # Errors
/// `SL5007`, `SL8006`.
pub(crate) fn forget_local_keys(state: &StateDir, name: &str, but: Option<&str>) -> Result<(), Fault> {
    let kept = but.map(|thumbprint| local_key(state, name, thumbprint));
    for path in with_extension(state, "pk8")? {
        let file = path.file_name().map(|file| file.to_string_lossy().into_owned());
        let ours = file.is_some_and(|file| file.starts_with(&format!("{name}-")));
        if ours && Some(&path) != kept.as_ref() {
            std::fs::remove_file(&path)
                .map_err(|e| Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display())))?;
        }
    }
    Ok(())
}

fn local_key(state: &StateDir, name: &str, thumbprint: &str) -> PathBuf {
    state.vault().join(format!("{name}-{thumbprint}.pk8"))
}

/// Looks whether the files of all keys are there and closed to others; opens none.
///
/// # Errors
/// `SL5007`, `SL5029` when the keys are still to come.
pub(crate) fn check_files(state: &StateDir) -> Result<(), Fault> {
    let found = certificates(state)?;
    if found.is_empty() && super::handover::certificate(state)?.is_some() {
        return Err(super::awaiting());
    }
    if found.is_empty() {
        return Err(Fault::new(Code::VaultUnavailable, "the vault holds no credential key"));
    }
    found.iter().try_for_each(|path| read_file_of_key(path).map(drop))
}

/// All keys of the vault.
///
/// # Errors
/// `SL5007`, `SL5008`, `SL5020`, `SL5024`.
pub(crate) fn read_ring(state: &StateDir, passphrase: Option<&Passphrase>) -> Result<KeyRing, Fault> {
    let mut ring = KeyRing::new();
    for path in certificates(state)? {
        if let Some(pair) = read_pair(&path, passphrase)? {
            ring.insert(&pair.certificate_pem, &pair.pkcs8)?;
        }
    }
    Ok(ring)
}

/// The thumbprints of the certificates whose keys the vault holds.
pub(crate) fn held(state: &StateDir) -> Vec<String> {
    let found = certificates(state).unwrap_or_default();
    let pems = found.iter().filter_map(|path| read_public(path).ok()?);
    pems.filter_map(|pem| thumbprint(&pem).ok()).collect()
}

/// The thumbprint of the certificate in use; empty when it cannot be read. Blocks.
pub(crate) fn current_thumbprint(state: &StateDir) -> String {
    let read = || {
        let pem = read_public(&current_certificate(state).ok()??).ok()??;
        thumbprint(&pem).ok()
    };
    read().unwrap_or_default()
}

/// Brings the vault into order when an agent starts: finishes a change of passphrase that broke off, and encrypts the
/// keys of versions that did not.
///
/// # Errors
/// `SL5007`, `SL8006`.
pub(crate) fn tidy(state: &StateDir, given: Option<&Passphrase>) -> Result<(), Fault> {
    rekey::finish(state)?;
    for path in with_extension(state, "pk8")? {
        if let Some(key) = read_key(&path)?
            && !is_encrypted(&key)
        {
            let passphrase = passphrase_for_writing(state, given)?;
            write_private(&path, &encrypt(&key, &passphrase)?)?;
            tracing::info!(file = %path.display(), "A credential key was encrypted.");
        }
    }
    Ok(())
}

/// The passphrase to encrypt another key with. It must be that of the keys that are there.
fn passphrase_for_writing(state: &StateDir, given: Option<&Passphrase>) -> Result<Passphrase, Fault> {
    let passphrase = at_hand(state, given)?;
    for path in with_extension(state, "pk8")? {
        if let Some(key) = read_key(&path)?
            && is_encrypted(&key)
        {
            // One is enough: they have the same.
            decrypt(key, passphrase.as_ref())?;
            break;
        }
    }
    match passphrase {
        Some(passphrase) => Ok(passphrase),
        None => generate(state),
    }
}

fn read_file_of_key(certificate: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
    let path = certificate.with_extension("pk8");
    read_key(&path)?.ok_or_else(|| {
        Fault::new(
            Code::VaultUnavailable,
            format!("{}: the file is missing", path.display()),
        )
        .retryable(false)
    })
}

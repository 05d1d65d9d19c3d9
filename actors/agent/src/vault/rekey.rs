//! Another passphrase for all keys of the vault: after a crash either all have the old one or all the new one.

use super::crypt::{decrypt, encrypt};
use super::files::with_extension;
use super::passphrase::{Passphrase, at_hand, generated_file};
use crate::state::{StateDir, read_key, write_private};
use sluice_contract::{Code, Fault};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Keys under the new passphrase, until the marker is there.
const NEXT: &str = "next";
/// With this file the new passphrase counts. It holds the new generated one, if it is that.
const MARKER: &str = "changing";

/// Encrypts all keys with another passphrase: with `new`, or with one that is made and kept in the vault.
///
/// # Errors
/// `SL5020` and `SL5024` for the present one, `SL5007`, `SL8006`.
pub(crate) fn change(state: &StateDir, given: Option<&Passphrase>, new: Option<Passphrase>) -> Result<(), Fault> {
    finish(state)?;
    let present = at_hand(state, given)?;
    let (new, kept) = match new {
        Some(new) => (new, Zeroizing::new(String::new())),
        None => {
            let made = super::passphrase::generate_text()?;
            (Passphrase::new(made.clone()), made)
        }
    };
    for path in with_extension(state, "pk8")? {
        let Some(file) = read_key(&path)? else { continue };
        let key = decrypt(file, present.as_ref())?;
        write_private(&path.with_extension(NEXT), &encrypt(&key, &new)?)?;
    }
    write_private(&state.vault().join(MARKER), kept.as_bytes())?;
    finish(state)
}

/// Finishes a change whose marker is there, and removes what is left of one that did not come so far.
///
/// # Errors
/// `SL5007`, `SL8006`.
pub(super) fn finish(state: &StateDir) -> Result<(), Fault> {
    let next = match with_extension(state, NEXT) {
        Ok(next) => next,
        // A vault that is not there has nothing to finish.
        Err(_) if !state.vault().exists() => return Ok(()),
        Err(fault) => return Err(fault),
    };
    let marker = state.vault().join(MARKER);
    let Some(kept) = read_key(&marker)? else {
        return next.iter().try_for_each(|path| remove(path));
    };
    for path in next {
        let key: PathBuf = path.with_extension("pk8");
        std::fs::rename(&path, &key).map_err(|e| failed(&key, &e))?;
    }
    if kept.is_empty() {
        remove(&generated_file(state))?;
    } else {
        write_private(&generated_file(state), &kept)?;
    }
    remove(&marker)
}

fn remove(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(path, &e)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Code::NodeStateFailed, format!("{}: {error}", path.display()))
}

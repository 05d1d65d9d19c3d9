//! Files that are never half written, and keys that nobody else can read.

use super::{failed, is_missing};
use sluice_contract::{Code, Fault};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Keys, certificates and settings are far smaller.
const MAX_BYTES: u64 = 1024 * 1024;

/// Writes a file with mode 0600: after a crash it holds either the old or the new content.
///
/// # Errors
/// `SL8006`.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Fault> {
    let name = path
        .file_name()
        .ok_or_else(|| failed(path, &"it has no name"))?
        .to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    // Left behind by a crash; `create_new` below makes sure that nobody prepared the file for us.
    match std::fs::remove_file(&temporary) {
        Err(e) if !is_missing(&e) => return Err(failed(&temporary, &e)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(|e| failed(&temporary, &e))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(|e| failed(&temporary, &e))?;
    std::fs::rename(&temporary, path).map_err(|e| failed(path, &e))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|e| failed(directory, &e))
}

/// Reads a file that is no secret; `None` when there is none.
///
/// # Errors
/// `SL8006`.
pub(crate) fn read_public(path: &Path) -> Result<Option<String>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if is_missing(&e) => return Ok(None),
        Err(e) => return Err(failed(path, &e)),
    };
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| failed(path, &e))?;
    Ok(Some(text))
}

/// Reads a private key; `None` when there is none. The file must be ours and closed to everybody else.
///
/// # Errors
/// `SL5007` when it cannot be read, or when others could have read or replaced it.
pub(crate) fn read_key(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let refused = |why: String| Fault::new(Code::VaultUnavailable, format!("{}: {why}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if is_missing(&e) => return Ok(None),
        Err(e) => return Err(refused(e.to_string())),
    };
    // Of the open file, so that it cannot be exchanged between the check and the reading.
    let metadata = file.metadata().map_err(|e| refused(e.to_string()))?;
    if !metadata.is_file() {
        return Err(refused("it is not a file".to_owned()).retryable(false));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!("its mode is {mode:04o}, but only its owner may read a key (0600)");
        return Err(refused(message).retryable(false));
    }
    // Not by the owner of /proc/self, which is root's where memory is closed to others.
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        let message = format!(
            "it belongs to user {}, but this agent runs as user {us}",
            metadata.uid()
        );
        return Err(refused(message).retryable(false));
    }
    let mut key = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or(0) + 1,
    ));
    file.take(MAX_BYTES)
        .read_to_end(&mut key)
        .map_err(|e| refused(e.to_string()))?;
    Ok(Some(key))
}

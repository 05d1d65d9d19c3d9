//! Private files: written at once or not at all, readable by their owner only.

use super::failed;
use sluice_contract::Fault;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes a directory with mode 0700.
///
/// # Errors
/// `SL9001`.
pub(crate) fn private_dir(path: &Path) -> Result<(), Fault> {
    let named = |e: std::io::Error| failed(&path.display().to_string(), e);
    fs::create_dir_all(path).map_err(named)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(named)
}

/// Replaces a file by one with mode 0600. After a crash it holds the old content or the new.
///
/// # Errors
/// `SL9001`.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Fault> {
    let named = |e: std::io::Error| failed(&path.display().to_string(), e);
    let temporary = path.with_extension("new");
    // A leftover of a crash.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(named(e)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(named)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(named)?;
    fs::rename(&temporary, path).map_err(named)?;
    if let Some(parent) = path.parent() {
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(named)?;
    }
    Ok(())
}

/// Reads a private file; `None` when there is none.
///
/// # Errors
/// `SL9001`, also when others may read it.
pub(crate) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let named = |e: std::io::Error| failed(&path.display().to_string(), e);
    let metadata = match fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(named)?,
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(failed(
            &path.display().to_string(),
            "others may read it; run: chmod 600 on it",
        ));
    }
    fs::read(path).map(Some).map_err(named)
}

/// A private file as text.
///
/// # Errors
/// As [`read_private`].
pub(crate) fn read_private_text(path: &Path) -> Result<Option<String>, Fault> {
    let Some(bytes) = read_private(path)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| failed(&path.display().to_string(), "it is not text"))?;
    Ok(Some(text))
}

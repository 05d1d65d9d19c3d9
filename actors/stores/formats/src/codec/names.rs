//! Names of members of archives.

use crate::fault;
use sluice_contract::{Code, Fault};

/// A member's path as it may be used below a folder.
///
/// # Errors
/// `SL6006` when it would leave the folder, and for a name that means different files on different systems.
pub(super) fn checked(archive: &str, name: &[u8]) -> Result<String, Fault> {
    let shown = String::from_utf8_lossy(name);
    let name =
        std::str::from_utf8(name).map_err(|_| fault::data(archive, format!("the name {shown:?} is not UTF-8")))?;
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let leaves = name.starts_with('/') || parts.contains(&"..");
    let foreign =
        name.contains(['\\', '\0']) || parts.first().is_some_and(|part| part.as_bytes().get(1) == Some(&b':'));
    if leaves || foreign || parts.is_empty() {
        let text = format!(
            "{archive}: the member {name:?} would be written outside of its folder, so that the archive is not read"
        );
        return Err(Fault::new(Code::PermissionDenied, text));
    }
    Ok(parts.join("/"))
}

/// What is inside of an archive that has only rows: the archive's name without its ending.
pub(super) fn within(file: &str, extension: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or(file);
    let name = file.len().checked_sub(extension.len()).and_then(|at| {
        let ending = file.get(at..)?;
        ending.eq_ignore_ascii_case(extension).then(|| &file[..at])
    });
    match name.unwrap_or(file) {
        "" => "data".to_owned(),
        name => name.to_owned(),
    }
}

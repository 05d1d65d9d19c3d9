//! Which files of its own machine a node reads and writes.

use super::file::Policy;
use super::judge::Use;
use super::refused;
use sluice_contract::{Code, Fault};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// Judges a path by where it really lies. Blocks.
///
/// # Errors
/// `SL5021` with the rule.
pub(super) fn judge(policy: &Policy, state: &Path, path: &Path, purpose: Use) -> Result<(), Fault> {
    let real = real(path)?;
    if real.starts_with(real_or_as_is(state)) {
        let what = format!("{} lies in the node's own state directory", path.display());
        return Err(refused(&what, "state directory"));
    }
    let within = |folders: &[PathBuf]| folders.iter().any(|folder| real.starts_with(real_or_as_is(folder)));
    if within(&policy.files.roots) {
        return Ok(());
    }
    match (within(&policy.files.read_only), purpose) {
        (true, Use::Write) => Err(refused(
            &format!("{} may only be read", path.display()),
            "files.read_only",
        )),
        (true, _) => Ok(()),
        (false, _) => {
            let what = format!("{} lies below no folder that is allowed", path.display());
            Err(refused(&what, "files.roots"))
        }
    }
}

/// Whether a file lies below one of these folders. Blocks.
///
/// # Errors
/// `SL5021`.
pub(super) fn judge_secret(folders: &[PathBuf], path: &Path) -> Result<PathBuf, Fault> {
    let real = real(path)?;
    match folders.iter().any(|folder| real.starts_with(real_or_as_is(folder))) {
        true => Ok(real),
        false => {
            let what = format!("{} lies below no folder of secrets that is allowed", path.display());
            Err(refused(&what, "secrets.files"))
        }
    }
}

/// Links resolved as far as the path exists; what is not there yet cannot be a link.
fn real(path: &Path) -> Result<PathBuf, Fault> {
    let crooked = path.components().any(|part| matches!(part, Component::ParentDir)) || !path.is_absolute();
    if crooked {
        return Err(Fault::new(
            Code::PolicyRefused,
            format!("{} is no plain absolute path (rule files.roots)", path.display()),
        ));
    }
    let mut missing: Vec<OsString> = Vec::new();
    let mut there = path;
    loop {
        if let Ok(mut real) = there.canonicalize() {
            real.extend(missing.iter().rev());
            return Ok(real);
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                there = parent;
            }
            _ => return Ok(path.to_owned()),
        }
    }
}

fn real_or_as_is(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

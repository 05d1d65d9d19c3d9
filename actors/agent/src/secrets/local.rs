//! Secrets of this machine: files and variables that the node's policy names.

use super::Clear;
use crate::policy::Policy;
use sluice_contract::{Code, Fault};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// More than a secret has.
const MAX_BYTES: u64 = 64 * 1024;

/// The content of a file without the line break at its end. Blocks.
///
/// # Errors
/// `SL5021`, `SL5026`.
pub(super) fn file(policy: &Policy, path: &Path) -> Result<Clear, Fault> {
    let real = policy.check_secret_file(path)?;
    let refused = |why: &dyn std::fmt::Display| Fault::new(Code::SecretRefused, format!("{}: {why}", path.display()));
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let file = std::fs::File::open(real).map_err(|e| refused(&e))?;
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| refused(&e))?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() {
        return Err(refused(&"it is empty"));
    }
    Ok(text)
}

/// A variable of the agent's environment.
///
/// # Errors
/// `SL5021`, `SL5026`.
pub(super) fn variable(policy: &Policy, name: &str) -> Result<Clear, Fault> {
    policy.check_secret_variable(name)?;
    std::env::var(name)
        .map(Zeroizing::new)
        .map_err(|_| Fault::new(Code::SecretRefused, format!("the agent has no variable {name:?}")))
}

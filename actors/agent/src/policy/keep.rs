//! The policy of a running node: read again when its file changes.

use super::file::Policy;
use crate::state::StateDir;
use sluice_contract::{Code, Fault};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// More than anybody writes.
const MAX_BYTES: u64 = 1024 * 1024;

/// What says that the file is another one: inode, length, time of change.
type Stamp = (u64, u64, i64, i64);

/// What was read of the file as it was.
type Known = (Stamp, Result<Arc<Policy>, Fault>);

/// Keeps the policy.
#[derive(Debug)]
pub(crate) struct PolicyKeeper {
    path: PathBuf,
    /// Named by the administrator: then it has to be there.
    named: bool,
    known: Mutex<Option<Known>>,
}

impl PolicyKeeper {
    /// The policy in a named file, or in the state directory's `policy.toml` where there is one.
    pub(crate) fn new(state: &StateDir, named: Option<&Path>) -> Self {
        Self {
            path: named.map_or_else(|| state.path().join("policy.toml"), Path::to_owned),
            named: named.is_some(),
            known: Mutex::new(None),
        }
    }

    /// The policy as it is now. A file that cannot be used allows nothing. Blocks.
    ///
    /// # Errors
    /// `SL5022`.
    pub(crate) fn now(&self) -> Result<Arc<Policy>, Fault> {
        let failed =
            |why: &dyn std::fmt::Display| Fault::new(Code::PolicyInvalid, format!("{}: {why}", self.path.display()));
        let file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !self.named => return Ok(Arc::default()),
            Err(e) => return Err(failed(&e)),
        };
        let metadata = file.metadata().map_err(|e| failed(&e))?;
        let stamp = (metadata.ino(), metadata.len(), metadata.ctime(), metadata.ctime_nsec());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, result)) = known.as_ref()
            && *seen == stamp
        {
            return result.clone();
        }
        let read = || {
            if metadata.mode() & 0o022 != 0 {
                return Err(failed(&format!(
                    "its mode is {:04o}, but only its owner may write it",
                    metadata.mode() & 0o777
                )));
            }
            let mut text = String::new();
            file.take(MAX_BYTES).read_to_string(&mut text).map_err(|e| failed(&e))?;
            Policy::parse(&text).map_err(|fault| fault.context(self.path.display()))
        };
        let result = read().map(Arc::new);
        match &result {
            Ok(_) => tracing::info!(file = %self.path.display(), "The node's policy was read."),
            Err(fault) => tracing::error!(%fault, "The node's policy cannot be used: nothing is allowed."),
        }
        *known = Some((stamp, result.clone()));
        result
    }
}

//! Keys that leave the node in a file. Each time is written down before the file is made, in `exports.jsonl` of the state
//! directory, and told to the running agent, whose log has it, and to the factory, whose audit log has it.

use crate::admin;
use crate::identity::{Identity, ask_factory};
use crate::state::{StateDir, read_public};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::enrol::{Exported, NodeAsks};
use sluice_contract::{Code, Fault};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// When.
    pub at: DateTime<Utc>,
    /// What has left the node.
    #[serde(flatten)]
    pub what: Exported,
    /// The user that the command ran as, and who that was before, as far as the environment says.
    pub user: String,
}

fn file(state: &StateDir) -> PathBuf {
    state.path().join("exports.jsonl")
}

/// Writes it down; when this returns it is on the disk. Blocks.
///
/// # Errors
/// `SL8006`: then the keys stay here.
pub(crate) fn record(state: &StateDir, what: &Exported) -> Result<(), Fault> {
    let path = file(state);
    let failed = |e: &dyn std::fmt::Display| Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display()));
    let entry = Export {
        at: Utc::now(),
        what: what.clone(),
        user: user(),
    };
    let line = serde_json::to_string(&entry).map_err(|e| failed(&e))? + "\n";
    let mut target = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| failed(&e))?;
    target
        .write_all(line.as_bytes())
        .and_then(|()| target.sync_all())
        .map_err(|e| failed(&e))
}

/// Everything that is written down, the oldest first. Blocks.
///
/// # Errors
/// `SL8006` when the file is there and cannot be read.
pub fn list(state_dir: &Path) -> Result<Vec<Export>, Fault> {
    let text = read_public(&file(&StateDir::at(state_dir)))?.unwrap_or_default();
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// Tells the running agent, if there is one, and the factory, if a node is registered.
///
/// # Errors
/// `SL2006` and `SL2021` for the factory.
pub async fn tell(state_dir: &Path, what: &Exported) -> Result<(), Fault> {
    if let Err(fault) = admin::exported(state_dir, what).await
        && fault.code != Code::AdminUnreachable
    {
        return Err(fault);
    }
    let state = StateDir::at(state_dir);
    if !Identity::exists(&state) {
        return Ok(());
    }
    ask_factory(&state, None, NodeAsks::Exported(what.clone()))
        .await
        .map(drop)
}

fn user() -> String {
    let id = rustix::process::geteuid().as_raw().to_string();
    match std::env::var("SUDO_USER") {
        Ok(before) => format!("{id} (sudo of {before})"),
        Err(_) => id,
    }
}

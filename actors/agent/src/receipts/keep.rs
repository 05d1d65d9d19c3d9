//! Where a node keeps its receipts: one file each, the oldest removed beyond a number.

use super::verify;
use crate::state::{StateDir, write_private};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sluice_contract::receipt::{Receipt, Signed};
use sluice_contract::{Code, Fault, JobId};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Receipts that are kept where nobody says how many.
pub(crate) const KEEP: usize = 5_000;
/// A receipt is a few kilobytes, and one of a thousand columns a hundred.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
const ENDING: &str = ".json";

/// The folder of receipts.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    keep: usize,
    /// One at a time: two that clean up would count each other's files.
    turn: Mutex<()>,
}

/// A receipt in the folder.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// Its file.
    pub file: PathBuf,
    /// What it says; none when the file is not a receipt.
    pub receipt: Option<Receipt>,
}

impl Keeper {
    /// Makes the folder. Blocks.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn open(state: &StateDir, keep: usize) -> Result<Self, Fault> {
        Ok(Self {
            folder: state.create_receipts()?,
            keep: keep.max(1),
            turn: Mutex::new(()),
        })
    }

    /// Writes a receipt; when this returns it is on the disk. Blocks.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn put(&self, receipt: &Receipt, signed: &Signed) -> Result<PathBuf, Fault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.folder.join(name(&receipt.job, receipt.attempt, receipt.finished));
        let text = serde_json::to_vec_pretty(signed).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
        write_private(&path, &text)?;
        // Too many receipts are no reason to tell a copy's user of a failure.
        if let Err(fault) = self.prune() {
            tracing::warn!(%fault, "Old receipts were not removed.");
        }
        Ok(path)
    }

    fn prune(&self) -> Result<(), Fault> {
        let mut files = files(&self.folder)?;
        let surplus = files.len().saturating_sub(self.keep);
        // Their names begin with their times.
        files.sort_unstable();
        for file in files.into_iter().take(surplus) {
            std::fs::remove_file(&file).map_err(|error| unusable(&file, &error))?;
        }
        Ok(())
    }
}

/// The receipts of a state directory, the newest first. Blocks.
///
/// # Errors
/// `SL8006` when the folder cannot be read; a node that has copied nothing yet has none.
pub fn list(state_dir: &Path) -> Result<Vec<Kept>, Fault> {
    let folder = StateDir::at(state_dir).receipts();
    if !folder.exists() && state_dir.exists() {
        return Ok(Vec::new());
    }
    let mut files = files(&folder)?;
    files.sort_unstable();
    let kept = |file: PathBuf| Kept {
        receipt: text_of(&file).and_then(|text| read(&text)).ok(),
        file,
    };
    Ok(files.into_iter().rev().map(kept).collect())
}

/// What a receipt says, whether it is genuine or not.
///
/// # Errors
/// `SL7012` when it is none.
pub fn read(text: &str) -> Result<Receipt, Fault> {
    verify::read(&verify::open(text)?).map(|(_, receipt)| receipt)
}

fn text_of(file: &Path) -> Result<String, Fault> {
    let size = std::fs::metadata(file).map_err(|error| unusable(file, &error))?.len();
    if size > MAX_BYTES {
        return Err(unusable(file, &"it is too large for a receipt"));
    }
    std::fs::read_to_string(file).map_err(|error| unusable(file, &error))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| unusable(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unusable(folder, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(ENDING) && !name.starts_with('.') {
            files.push(path);
        }
    }
    Ok(files)
}

/// Names that sort by time. A job's id comes from outside: nothing of it that means anything to a file system is taken.
fn name(job: &JobId, attempt: u32, finished: DateTime<Utc>) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let job: String = job.as_str().chars().filter(plain).take(64).collect();
    let time = finished.format("%Y%m%dT%H%M%S%3f");
    format!("{time}_{job}_{attempt}{ENDING}")
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(Code::NodeStateFailed, format!("{}: {why}", path.display()))
}

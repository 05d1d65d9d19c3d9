//! What all copies of this node share: its memory, and what it may read in a second. The second is remembered.

use crate::state::{StateDir, read_public, write_private};
use serde::{Deserialize, Serialize};
use sluice_contract::{Code, Fault};
use sluice_copy::{Bandwidth, MemoryPool};
use std::path::PathBuf;

/// The limits of a node.
#[derive(Debug)]
pub(crate) struct Limits {
    /// The memory of all copies.
    pub(crate) memory: MemoryPool,
    /// What all copies together may read in a second.
    pub(crate) bandwidth: Bandwidth,
    file: PathBuf,
}

/// What is remembered.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Remembered {
    /// Bytes in a second; none is no limit.
    #[serde(default)]
    bandwidth: Option<u64>,
}

/// The limits of a node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitsStatus {
    /// Bytes that all copies together may read in a second; none is no limit.
    pub bandwidth: Option<u64>,
    /// Bytes that were read since the agent started.
    pub bytes_read: u64,
    /// Bytes of memory for the rows of all copies.
    pub memory_budget: usize,
    /// Bytes of it that are in use.
    pub memory_used: usize,
    /// The most that ever was.
    pub memory_peak: usize,
}

impl Limits {
    /// The limits that were set last.
    ///
    /// # Errors
    /// `SL8006` when the file of limits cannot be read.
    pub(crate) fn load(state: &StateDir, memory: usize, slots: u32) -> Result<Self, Fault> {
        let file = state.limits_file();
        let remembered = match read_public(&file)? {
            None => Remembered::default(),
            Some(text) => serde_json::from_str(&text)
                .map_err(|e| Fault::new(Code::NodeStateFailed, format!("{}: {e}", file.display())))?,
        };
        Ok(Self {
            memory: MemoryPool::new(memory, slots.max(1) as usize),
            bandwidth: Bandwidth::new(remembered.bandwidth),
            file,
        })
    }

    /// Changes what all copies together may read in a second, those that run included, and remembers it.
    ///
    /// # Errors
    /// `SL8006` when it cannot be remembered; then nothing changes.
    pub(crate) fn set_bandwidth(&self, rate: Option<u64>) -> Result<(), Fault> {
        let text = serde_json::to_vec(&Remembered { bandwidth: rate })
            .map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
        write_private(&self.file, &text)?;
        self.bandwidth.set(rate);
        Ok(())
    }

    pub(crate) fn now(&self) -> LimitsStatus {
        LimitsStatus {
            bandwidth: self.bandwidth.rate(),
            bytes_read: self.bandwidth.taken(),
            memory_budget: self.memory.total(),
            memory_used: self.memory.used(),
            memory_peak: self.memory.peak(),
        }
    }
}

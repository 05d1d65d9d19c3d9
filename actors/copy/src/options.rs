//! How a copy may use the machine, and how long it waits.

use crate::budget::Budget;
use crate::{Bandwidth, MemoryPool};
use serde_json::Value;
use sluice_contract::document::{is_expression, member};
use sluice_contract::{Code, Fault, Object};
use std::time::Duration;

/// The settings of one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// At most this many partitions are read, and as many writers used, at the same time.
    pub parallel: usize,
    /// Bytes of Arrow memory that may be between reading and writing.
    pub memory_budget: usize,
    /// The memory that this copy shares with others of its node; it has its own when there is none.
    pub memory: Option<MemoryPool>,
    /// The limits on what it may read in a second; all of them hold.
    pub bandwidth: Vec<Bandwidth>,
    /// How long planning and copying may go without anything being read or written.
    pub stall_timeout: Duration,
    /// How long the sink may take to verify, and to commit: it then works alone, on all of the data.
    pub settle_timeout: Duration,
    /// From so many expected rows on, going on after an interruption is worth more than the fastest way of writing.
    pub resume_from_rows: u64,
    /// The Copy activity's `typeProperties` besides source and sink; the copy checks them before it opens anything.
    pub settings: Object,
}

/// Parallelism when `parallelCopies` does not say.
const PARALLEL: usize = 4;
/// More than this is not used, whatever `parallelCopies` says.
pub(crate) const MAX_PARALLEL: usize = 128;
/// Bytes a batch is asked to stay under, at most and at least.
const BATCH_BYTES: (usize, usize) = (64 * 1024, 8 * 1024 * 1024);

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            parallel: PARALLEL,
            memory_budget: 256 * 1024 * 1024,
            memory: None,
            bandwidth: Vec::new(),
            stall_timeout: Duration::from_secs(600),
            settle_timeout: Duration::from_secs(3600),
            resume_from_rows: 5_000_000,
            settings: Object::new(),
        }
    }
}

impl CopyOptions {
    /// Reads the Copy activity's settings. Those that concern the data are kept for [`crate::run`], which refuses what it
    /// does not do.
    ///
    /// # Errors
    /// `SL4014` when `parallelCopies` is an expression, `SL4005` when it is not a whole number from 1 on.
    pub fn from_settings(settings: &Object, default_budget: usize) -> Result<Self, Fault> {
        let mut options = Self {
            memory_budget: default_budget,
            settings: settings.clone(),
            ..Self::default()
        };
        let value = member(settings, "parallelCopies").filter(|value| !value.is_null());
        if let Some(value) = value {
            options.parallel = whole_number(value)?.min(MAX_PARALLEL);
        }
        Ok(options)
    }

    /// The memory of its node, or its own.
    pub(crate) fn pool(&self) -> MemoryPool {
        let own = || MemoryPool::new(self.memory_budget, 1);
        self.memory.clone().unwrap_or_else(own)
    }

    /// This copy's share of the memory.
    pub(crate) fn budget(&self) -> Budget {
        self.pool().share(self.memory_budget)
    }

    /// The activity's `translator`; empty when there is none.
    pub(crate) fn translator(&self) -> Object {
        let translator = member(&self.settings, "translator").and_then(Value::as_object);
        translator.cloned().unwrap_or_default()
    }

    /// Bytes of one read of a file that is copied as it is.
    pub(crate) fn file_block_bytes(&self) -> usize {
        (self.memory_budget / 8).clamp(64 << 10, 8 << 20)
    }

    /// The size that batches are asked to stay under, so that several fit into every worker's share of the budget.
    pub(crate) fn batch_bytes(&self) -> usize {
        let share = self.memory_budget / self.parallel.max(1) / 4;
        share.clamp(BATCH_BYTES.0, BATCH_BYTES.1)
    }
}

fn whole_number(value: &Value) -> Result<usize, Fault> {
    if is_expression(value) {
        return Err(Fault::new(
            Code::ExpressionUnsupported,
            "parallelCopies is an expression; this version takes a number",
        ));
    }
    // 4.0 is a whole number in JSON, too.
    let whole = |n: f64| (n.fract() == 0.0 && n >= 1.0).then_some(n as usize);
    value
        .as_f64()
        .and_then(whole)
        .ok_or_else(|| Fault::new(Code::DocumentInvalid, "parallelCopies is not a whole number from 1 on"))
}

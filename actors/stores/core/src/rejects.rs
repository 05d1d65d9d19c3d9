//! Rows and files that are left out of a copy because they do not fit, where the activity allows it.

use async_trait::async_trait;
use sluice_contract::Fault;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where something was found not to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The source could not make a row, or a file, of what it read.
    Source,
    /// The copy could not convert a value to its column's type.
    Copy,
    /// The sink does not take the row.
    Sink,
}

/// One row, or one file, that is left out.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Who found out.
    pub side: Side,
    /// Where it was: a file with a line, a partition, a table.
    pub place: String,
    /// The row's values as delimited text, as far as they are known; empty for a file.
    pub record: String,
    /// Why it does not fit.
    pub fault: Fault,
}

/// Who takes down what is left out.
#[async_trait]
pub trait RejectLog: Send + Sync + 'static {
    /// Takes down one row or file.
    ///
    /// # Errors
    /// When it cannot be taken down: the copy fails, for nothing is left out unseen.
    async fn put(&self, rejected: Rejected) -> Result<(), Fault>;
}

/// The permission to leave out rows that do not fit. A source or sink that has none ends with the row's fault.
///
/// A row that is left out by a source counts as read; the copy compares `read = written + left out`.
#[derive(Clone)]
pub struct Rejects {
    log: Arc<dyn RejectLog>,
    rows: Arc<AtomicU64>,
    /// Those of the rows that the source left out.
    unread: Arc<AtomicU64>,
    files: Arc<AtomicU64>,
}

impl Rejects {
    /// A permission whose rows go into a log.
    pub fn new(log: Arc<dyn RejectLog>) -> Self {
        Self {
            log,
            rows: Arc::default(),
            unread: Arc::default(),
            files: Arc::default(),
        }
    }

    /// Leaves out a row.
    ///
    /// # Errors
    /// When it cannot be taken down.
    pub async fn row(&self, rejected: Rejected) -> Result<(), Fault> {
        let side = rejected.side;
        self.log.put(rejected).await?;
        self.rows.fetch_add(1, Ordering::Relaxed);
        if side == Side::Source {
            self.unread.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Leaves out a file.
    ///
    /// # Errors
    /// When it cannot be taken down.
    pub async fn file(&self, rejected: Rejected) -> Result<(), Fault> {
        self.log.put(rejected).await?;
        self.files.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Rows left out so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Those of the rows that the source left out: the copy never got them.
    pub fn unread(&self) -> u64 {
        self.unread.load(Ordering::Relaxed)
    }

    /// Files left out so far.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Rejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejects")
            .field("rows", &self.rows())
            .field("files", &self.files())
            .finish_non_exhaustive()
    }
}

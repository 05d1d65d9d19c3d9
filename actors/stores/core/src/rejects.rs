//! Rows and files that are left out of a copy because they do not fit, where the activity allows it.

use async_trait::async_trait;
use sluice_contract::{Code, Fault};
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

/// What may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Rows.
    pub rows: bool,
    /// Files that are gone when they are to be read.
    pub missing_files: bool,
    /// Files that may not be read.
    pub forbidden_files: bool,
    /// Files that are not at the sink what they were at the source.
    pub inconsistent_files: bool,
    /// Files whose names the sink does not take.
    pub invalid_names: bool,
}

impl Allowed {
    /// Everything.
    pub const ALL: Self = Self {
        rows: true,
        missing_files: true,
        forbidden_files: true,
        inconsistent_files: true,
        invalid_names: true,
    };

    /// Whether a file with this fault may be left out.
    fn file(self, code: Code) -> bool {
        match code {
            Code::FileNotFound => self.missing_files,
            Code::PermissionDenied => self.forbidden_files,
            Code::VerificationFailed | Code::DataInvalid => self.inconsistent_files,
            Code::PropertyMissing => self.invalid_names,
            _ => false,
        }
    }
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
    allowed: Allowed,
    rows: Arc<AtomicU64>,
    /// Those of the rows that the source left out.
    unread: Arc<AtomicU64>,
    files: Arc<AtomicU64>,
}

impl Rejects {
    /// A permission for everything, which goes into a log.
    pub fn new(log: Arc<dyn RejectLog>) -> Self {
        Self::allowing(log, Allowed::ALL)
    }

    /// A permission for some of it.
    pub fn allowing(log: Arc<dyn RejectLog>, allowed: Allowed) -> Self {
        Self {
            log,
            allowed,
            rows: Arc::default(),
            unread: Arc::default(),
            files: Arc::default(),
        }
    }

    /// Whether rows may be left out at all.
    pub fn allows_rows(&self) -> bool {
        self.allowed.rows
    }

    /// Leaves out a row.
    ///
    /// # Errors
    /// The row's own fault when rows may not be left out; when it cannot be taken down.
    pub async fn row(&self, rejected: Rejected) -> Result<(), Fault> {
        if !self.allowed.rows {
            return Err(rejected.fault);
        }
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
    /// The file's own fault when such files may not be left out; when it cannot be taken down.
    pub async fn file(&self, rejected: Rejected) -> Result<(), Fault> {
        if !self.allowed.file(rejected.fault.code) {
            return Err(rejected.fault);
        }
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

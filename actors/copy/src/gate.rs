//! Who has the last word before a copy is published.

use async_trait::async_trait;
use sluice_contract::Fault;

/// Asked once, after everything is staged and verified and before it is committed.
#[async_trait]
pub trait CommitGate: Send + Sync {
    /// Returns when this attempt may publish so many verified rows.
    ///
    /// # Errors
    /// The fault the copy ends with, such as `SL7004` or `SL7002`; the staging is removed and nothing is published.
    async fn permit(&self, rows: u64) -> Result<(), Fault>;
}

/// Lets every copy commit: for a copy that no factory watches over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

#[async_trait]
impl CommitGate for Always {
    async fn permit(&self, _rows: u64) -> Result<(), Fault> {
        Ok(())
    }
}

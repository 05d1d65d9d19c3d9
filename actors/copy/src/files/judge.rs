//! Leaving out a file that fails.

use super::sheet::Sheet;
use sluice_contract::Fault;
use sluice_store_core::{Rejected, Side};
use std::sync::atomic::Ordering;

impl Sheet {
    /// Leaves out a file where that is allowed.
    ///
    /// # Errors
    /// The file's own fault where it is not, or that of the log.
    pub(super) async fn leave_out(&self, label: &str, fault: Fault) -> Result<(), Fault> {
        // As in ADF: a copy of one file that leaves it out would be none.
        let (Some(rejects), true) = (&self.rejects, self.many) else {
            return Err(fault);
        };
        let rejected = Rejected {
            side: Side::Source,
            place: label.to_owned(),
            record: String::new(),
            fault,
        };
        rejects.file(rejected).await?;
        self.tally.step();
        self.tally.files_skipped.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

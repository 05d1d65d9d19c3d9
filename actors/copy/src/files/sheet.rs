//! What all pieces of work of one copy share.

use super::fleet::Permit;
use super::plan::Wrappings;
use super::tally::Tally;
use super::wanted::Wanted;
use crate::bandwidth::Pace;
use crate::budget::Budget;
use crate::rejects::Log;
use serde_json::json;
use sluice_contract::Object;
use sluice_contract::job::CopyOutcome;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{CommitKey, Rejects};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// A copy of files under way.
pub(super) struct Sheet {
    pub(super) key: CommitKey,
    pub(super) source: Arc<dyn ByteStore>,
    pub(super) sink: Arc<dyn ByteStore>,
    pub(super) budget: Budget,
    /// Bytes of memory that the copy may use.
    pub(super) memory: usize,
    /// Bytes of one read at most.
    pub(super) block: usize,
    pub(super) pace: Pace,
    pub(super) rejects: Option<Rejects>,
    pub(super) log: Arc<Log>,
    pub(super) tally: Tally,
    /// Ends all work.
    pub(super) stop: CancellationToken,
    pub(super) permit: Permit,
    pub(super) wanted: Wanted,
    pub(super) wrappings: Wrappings,
    pub(super) default_name: String,
    /// Whether several files are copied: only then one of them may be left out.
    pub(super) many: bool,
}

impl Sheet {
    /// Deletes what was copied, in the version that was read. What cannot be deleted is told.
    pub(super) async fn delete_copied(&self) {
        let mut failed = 0;
        for entry in self.tally.take_copied() {
            if let Err(fault) = self.source.delete(&entry).await {
                failed += 1;
                if failed == 1 {
                    self.tally
                        .warn(format!("{} is copied, and was not deleted: {fault}", entry.label()));
                }
            }
        }
        if failed > 1 {
            self.tally
                .warn(format!("in all, {failed} files that are copied were not deleted"));
        }
    }

    pub(super) fn outcome(&self, location: String) -> CopyOutcome {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let tally = &self.tally;
        let skipped = count(&tally.files_skipped);
        let mut warnings = tally.take_warnings();
        warnings.extend(self.wanted.warnings.iter().cloned());
        let replayed = count(&tally.files_replayed);
        if replayed > 0 {
            warnings.push(format!(
                "{replayed} files had been published by an earlier attempt, and were not written again"
            ));
        }
        let verified = match tally.unproven() {
            0 => "size and MD5",
            _ => "size, and MD5 where the sink tells it",
        };
        let verification = json!({
            "VerificationResult": "Verified",
            "InconsistentData": if skipped > 0 { "Skipped" } else { "None" },
            "verified": verified,
        });
        CopyOutcome {
            bytes_read: count(&tally.bytes_read),
            bytes_written: count(&tally.bytes_written),
            location,
            content_hash: tally.hash(),
            content_form: "MD5 of files".to_owned(),
            warnings,
            extra: Object::from_iter([
                ("dataConsistencyVerification".to_owned(), verification),
                ("filesRead".to_owned(), count(&tally.files_read).into()),
                (
                    "filesWritten".to_owned(),
                    (count(&tally.files_written) + replayed).into(),
                ),
                ("filesSkipped".to_owned(), skipped.into()),
            ]),
            ..CopyOutcome::default()
        }
    }
}

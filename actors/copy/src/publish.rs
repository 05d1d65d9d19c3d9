//! The commit, and what becomes of a copy that fails.

use crate::CommitGate;
use crate::fault::cancelled;
use crate::road::Road;
use crate::stage::Cargo;
use crate::step::{Ended, guarded, step};
use crate::verify::Compared;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed, Sink, Written};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a sink may take to remove its staging.
const ABORT_TIMEOUT: Duration = Duration::from_secs(60);

/// Why nothing was published, and whether that is certain.
pub(crate) enum Failed {
    /// The commit did not begin, or the sink says that it failed.
    Untouched(Fault),
    /// The commit hung or panicked: only the store knows.
    Unknown(Fault),
}

impl Road {
    pub(crate) async fn publish(
        &mut self,
        sink: &mut dyn Sink,
        gate: &dyn CommitGate,
        rows: u64,
    ) -> Result<Committed, Failed> {
        self.reporter.stage("committing");
        let begun = Instant::now();
        let limit = self.options.settle_timeout;
        let permitted = step(
            "waiting for the permit to commit",
            limit,
            &self.cancel,
            gate.permit(rows),
        )
        .await;
        permitted.map_err(Failed::Untouched)?;
        if self.cancel.is_cancelled() {
            return Err(Failed::Untouched(cancelled()));
        }
        // From here on nothing is cancelled: half a commit is nobody's wish.
        let committed = match guarded("committing", limit, sink.commit()).await {
            Ended::Returned(result) => result.map_err(Failed::Untouched)?,
            Ended::Unknown(fault) => return Err(Failed::Unknown(fault)),
        };
        self.took("commit", begun);
        Ok(committed)
    }

    /// Reads back what was published, when what was staged could not be read. Nothing cancels it: what is published is.
    ///
    /// # Errors
    /// `SL7001` saying that the data is published and differs. That it cannot be read is no fault of the copy.
    pub(crate) async fn compare_published(
        &mut self,
        sink: &mut dyn Sink,
        cargo: &mut Cargo,
        committed: &Committed,
    ) -> Result<(), Fault> {
        let Compared::Impossible(before) = &cargo.compared else {
            return Ok(());
        };
        if committed.replayed {
            // What this attempt staged is not what lies there: an earlier run published its own, of the same job.
            cargo.compared = Compared::Impossible(format!("{before}; an earlier run had published its rows by then"));
            return Ok(());
        }
        let begun = Instant::now();
        let found = self
            .compare(sink, Written::Published, cargo, &CancellationToken::new())
            .await;
        cargo.compared = match found {
            Ok(Compared::Impossible(after)) if after == *before => Compared::Impossible(after),
            Ok(Compared::Impossible(after)) => Compared::Impossible(format!("{before}; behind the commit: {after}")),
            Ok(compared) => compared,
            Err(fault) if fault.code == Code::VerificationFailed => return Err(fault),
            Err(fault) => Compared::Impossible(format!("{before}; behind the commit: {fault}")),
        };
        self.took("verify", begun);
        Ok(())
    }

    /// Whether the next attempt could go on with what this one has staged.
    fn is_worth_keeping(&self, sink: &dyn Sink, fault: &Fault) -> bool {
        let keeper = self.continuation.keeper.as_ref();
        // What does not hold what was read is of no use to anybody.
        sink.parts().is_some()
            && fault.code != Code::VerificationFailed
            && keeper.is_some_and(|keeper| keeper.goes_on(fault))
    }

    /// Cleans up behind a copy that failed.
    pub(crate) async fn give_up(&self, sink: &mut dyn Sink, key: &CommitKey, failed: Failed) -> Fault {
        match failed {
            Failed::Untouched(fault) if self.is_worth_keeping(sink, &fault) => {
                tracing::info!(job = %key.job, "What is staged is left for the next attempt");
                let release = async {
                    sink.release().await;
                    Ok(())
                };
                if let Ended::Unknown(why) = guarded("letting go of the staging", ABORT_TIMEOUT, release).await {
                    tracing::warn!(job = %key.job, error = %why, "The staging of a failed copy was not let go of");
                }
                fault
            }
            Failed::Untouched(fault) => {
                let abort = async {
                    sink.abort().await;
                    Ok(())
                };
                if let Ended::Unknown(why) = guarded("removing the staging", ABORT_TIMEOUT, abort).await {
                    tracing::warn!(job = %key.job, error = %why, "The staging of a failed copy was not removed");
                }
                fault
            }
            Failed::Unknown(fault) => {
                // Removing the staging could race with a commit that is still going on in the store. The next attempt
                // sees what became of it.
                tracing::error!(job = %key.job, error = %fault, "It is not known whether the store committed");
                fault.context("it is not known whether the store published the data")
            }
        }
    }
}

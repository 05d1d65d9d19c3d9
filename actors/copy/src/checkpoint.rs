//! Where an attempt stands: what it takes from an earlier one, and what it leaves to a later one.

use crate::continuation::Alone;
use crate::deal::{Dealer, SharedCopy};
use crate::parts::TakenOver;
use crate::road::Road;
use serde_json::Value;
use sluice_contract::Fault;
use sluice_contract::job::Checkpoint;
use sluice_store_core::{CommitKey, Sink, SinkRequest, Source, SourcePlan, SourceRequest, Staging};
use std::sync::Arc;

impl Road {
    /// The source is to be cut as it was for the earlier attempt. Its snapshot is gone.
    pub(crate) fn cut_as_before(&self, request: &mut SourceRequest) {
        let Some(checkpoint) = &self.continuation.checkpoint else {
            return;
        };
        let plan = serde_json::from_value::<SourcePlan>(checkpoint.source.clone());
        request.plan = plan.ok().map(|plan| SourcePlan { snapshot: None, ..plan });
    }

    /// The sink is to take over what the earlier attempt has staged, and to keep parts itself where that is worth it.
    pub(crate) fn stage_as_before(&self, source: &dyn Source, key: &CommitKey, request: &mut SinkRequest) {
        // Of a table without statistics the number of partitions tells.
        let many = match source.rows_expected() {
            Some(rows) => rows >= self.options.resume_from_rows,
            None => source.partitions().len() > self.options.parallel.max(1),
        };
        let (shared, kept) = (self.continuation.dealer.is_some(), self.continuation.keeper.is_some());
        // What goes on needs a keeper, what is shared a dealer; neither is worth it for a few rows.
        request.resumable = (shared || kept) && many || kept && self.continuation.checkpoint.is_some();
        request.reads_back = self.validates();
        if let Some(checkpoint) = &self.continuation.checkpoint {
            let earlier = CommitKey {
                job: key.job.clone(),
                attempt: checkpoint.attempt,
                token: checkpoint.token,
            };
            let state = checkpoint.sink.clone();
            request.staging = Staging::Resume { earlier, state };
        }
    }

    /// Leaves word where this attempt stands, and finds out who hands out its partitions.
    pub(crate) async fn deal(
        &mut self,
        source: &dyn Source,
        sink: &dyn Sink,
        key: &CommitKey,
        taken: &TakenOver,
        native: bool,
    ) -> Result<Arc<dyn Dealer>, Fault> {
        let plan = source.plan();
        if let (Some(keeper), true) = (&self.continuation.keeper, sink.parts().is_some()) {
            let checkpoint = Checkpoint {
                attempt: key.attempt,
                token: key.token,
                source: plan
                    .as_ref()
                    .and_then(|plan| serde_json::to_value(plan).ok())
                    .unwrap_or_default(),
                sink: sink.staging_state(),
                parts: u32::try_from(taken.known.len()).unwrap_or(u32::MAX),
                rows: taken.rows(),
                ..Checkpoint::default()
            };
            self.plan("writing down where the copy stands", keeper.keep(&checkpoint))
                .await?;
            self.reporter.checkpoint(published(checkpoint));
        }
        let dealer = match &self.continuation.dealer {
            // Others can only write parts, and only of a source that they can cut in the same way and see in the same state.
            Some(dealer) if sink.parts().is_some() && plan.as_ref().is_some_and(|plan| plan.snapshot.is_some()) => {
                dealer.clone()
            }
            _ => Arc::new(Alone::default()),
        };
        let copy = SharedCopy {
            plan: plan.unwrap_or_default(),
            staging: sink.staging_state(),
            labels: source
                .partitions()
                .iter()
                .map(|partition| partition.label.clone())
                .collect(),
            open: taken.open.clone(),
            native,
        };
        self.plan("handing out the partitions", dealer.begin(copy)).await?;
        Ok(dealer)
    }
}

/// As much of a checkpoint as fits into a message. Without the plan, another node cuts the source as it finds best: in the
/// same way, as long as the source has not changed.
fn published(mut checkpoint: Checkpoint) -> Checkpoint {
    const MAX_TEXT: usize = 48 * 1024;
    if checkpoint.source.to_string().len() > MAX_TEXT {
        checkpoint.source = Value::Null;
    }
    checkpoint
}

//! Everything between making the staging and asking for the commit.

use crate::ContentHash;
use crate::budget::Budget;
use crate::fault::mismatch;
use crate::mapping::Shape;
use crate::progress::Counters;
use crate::road::Road;
use crate::step::step;
use crate::transfer::transfer;
use crate::worker::Reading;
use sluice_contract::Fault;
use sluice_store_core::{CommitKey, Sink, Source, Staged, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What is staged, counted and found to be what was read.
pub(crate) struct Cargo {
    pub(crate) rows_read: u64,
    pub(crate) staged: Staged,
    pub(crate) hash: ContentHash,
}

impl Road {
    pub(crate) async fn stage_all(
        &mut self,
        source: &Arc<dyn Source>,
        shape: Shape,
        sink: &mut dyn Sink,
        key: &CommitKey,
        workers: usize,
        begun: Instant,
    ) -> Result<Cargo, Fault> {
        self.plan("preparing the sink", sink.prepare(shape.schema(), key))
            .await?;
        let mut writers: Vec<Box<dyn Writer>> = Vec::with_capacity(workers);
        for _ in 0..workers {
            writers.push(self.plan("opening a writer", sink.writer()).await?);
        }
        self.took("plan", begun);

        self.reporter.stage("copying");
        let begun = Instant::now();
        let counters = Arc::new(Counters::default());
        let reading = Reading {
            source: source.clone(),
            schema: source.schema(),
            shape,
            next: AtomicUsize::new(0),
            budget: Budget::new(self.options.memory_budget),
            batch_bytes: self.options.batch_bytes(),
            counters: counters.clone(),
        };
        let stall_timeout = self.options.stall_timeout;
        let hash = transfer(
            reading,
            writers,
            &*sink,
            stall_timeout,
            &mut self.reporter,
            &self.cancel,
        )
        .await?;
        self.took("copy", begun);

        self.reporter.stage("verifying");
        let begun = Instant::now();
        let staged = step("verifying", self.options.settle_timeout, &self.cancel, sink.verify()).await?;
        let rows_read = counters.rows_read.load(Ordering::Relaxed);
        if staged.rows != rows_read {
            return Err(mismatch(rows_read, staged.rows));
        }
        self.took("verify", begun);
        Ok(Cargo {
            rows_read,
            staged,
            hash,
        })
    }
}

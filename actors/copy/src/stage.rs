//! Everything between making the staging and asking for the commit.

use crate::ContentHash;
use crate::bandwidth::Pace;
use crate::budget::Budget;
use crate::fault::mismatch;
use crate::mapping::Shape;
use crate::native::{lines, passes_through};
use crate::parts::{Known, TakenOver};
use crate::progress::Counters;
use crate::road::Road;
use crate::step::step;
use crate::transfer::transfer;
use crate::verify::Compared;
use crate::whereabouts::Whereabouts;
use crate::worker::Reading;
use arrow::datatypes::SchemaRef;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, NativeFormat, Rejects, Sink, Source, Staged, Writer, Written};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// What is staged, counted and found to be what was read.
pub(crate) struct Cargo {
    pub(crate) rows_read: u64,
    /// Rows that were left out, by whomever.
    pub(crate) rows_skipped: u64,
    /// Rows that the writers were given.
    pub(crate) handed_over: u64,
    pub(crate) staged: Staged,
    pub(crate) hash: ContentHash,
    /// The encoding in which the rows passed through, and in which they were hashed; none when they were decoded.
    pub(crate) native: Option<NativeFormat>,
    /// The columns as they were written.
    pub(crate) schema: SchemaRef,
    pub(crate) budget: Budget,
    pub(crate) compared: Compared,
    /// What an earlier attempt had staged.
    pub(crate) taken: TakenOver,
    /// How many partitions other nodes have written.
    pub(crate) of_others: usize,
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
        let may_leave_out = self.rejects.as_ref().is_some_and(Rejects::allows_rows);
        let native = passes_through(source.as_ref(), &shape, sink, may_leave_out);
        let lines = match native {
            Some(_) => None,
            None => lines(source.as_ref(), &shape, sink, may_leave_out),
        };
        let taken = self.take_over(source, &shape, sink, native.as_ref(), workers).await?;
        let dealer = self.deal(source.as_ref(), sink, key, &taken, native.is_some()).await?;
        let mut writers: Vec<Box<dyn Writer>> = Vec::with_capacity(workers);
        for _ in 0..workers {
            writers.push(self.plan("opening a writer", sink.writer()).await?);
        }
        self.took("plan", begun);

        self.reporter.stage("copying");
        let begun = Instant::now();
        let counters = Arc::new(Counters::default());
        let schema = shape.schema();
        let budget = self.options.budget();
        let reading = Reading {
            source: source.clone(),
            schema: source.schema(),
            shape,
            native: native.clone(),
            lines,
            dealer,
            keeps_parts: sink.parts().is_some(),
            of_others: OnceLock::new(),
            budget: budget.clone(),
            pace: Pace::new(self.options.bandwidth.clone()),
            whereabouts: Whereabouts::new(workers),
            batch_bytes: self.options.batch_bytes(),
            counters: counters.clone(),
            rejects: self.rejects.clone(),
        };
        let stall_timeout = self.options.stall_timeout;
        let (mut hash, others) = transfer(
            reading,
            writers,
            &*sink,
            stall_timeout,
            &mut self.reporter,
            &self.cancel,
        )
        .await?;
        self.took("copy", begun);
        let done = counters.partitions_done.load(Ordering::Relaxed) as usize + taken.known.len() + others.len();
        if done != source.partitions().len() {
            let text = format!("{done} of {} partitions were copied", source.partitions().len());
            return Err(Fault::new(Code::Internal, text));
        }
        let of_others = others.iter().map(|(place, part)| Known::of(*place, part));
        let of_others = of_others.collect::<Result<Vec<_>, Fault>>()?;
        let elsewhere: u64 = taken.known.iter().chain(&of_others).map(|known| known.rows).sum();
        for known in taken.known.iter().chain(&of_others) {
            hash.merge(&known.hash);
        }

        self.reporter.stage("verifying");
        let begun = Instant::now();
        let staged = step("verifying", self.options.settle_timeout, &self.cancel, sink.verify()).await?;
        let (unread, rows_skipped) = self
            .rejects
            .as_ref()
            .map_or((0, 0), |rejects| (rejects.unread(), rejects.rows()));
        let rows_read = counters.rows_read.load(Ordering::Relaxed) + unread + elsewhere;
        if staged.rows + rows_skipped != rows_read {
            return Err(mismatch(rows_read, staged.rows, rows_skipped));
        }
        let mut cargo = Cargo {
            rows_read,
            rows_skipped,
            handed_over: counters.rows_written.load(Ordering::Relaxed) + elsewhere,
            staged,
            hash,
            native,
            schema,
            budget,
            compared: Compared::Unasked,
            taken,
            of_others: of_others.len(),
        };
        if self.validates() {
            cargo.compared = self.compare(sink, Written::Staged, &cargo, &self.cancel).await?;
        }
        self.took("verify", begun);
        Ok(cargo)
    }
}

//! The road of one copy: plan, copy, verify, commit.

use crate::budget::Budget;
use crate::fault::{cancelled, mismatch};
use crate::mapping::Shape;
use crate::progress::{Counters, Reporter};
use crate::settings::Asked;
use crate::step::{Ended, guarded, step};
use crate::transfer::transfer;
use crate::worker::Reading;
use crate::{CommitGate, ContentHash, CopyJob, CopyOptions};
use chrono::Utc;
use serde_json::json;
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Fault, Object};
use sluice_store_core::{CommitKey, Connection, Sink, SinkRequest, Source, SourceRequest, Staged, Writer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a sink may take to remove its staging.
const ABORT_TIMEOUT: Duration = Duration::from_secs(60);

/// Copies.
///
/// Cancelling works up to the moment the commit begins; from then on the copy ends as the commit does. When it fails
/// before that, the sink's staging has been removed and its readers have seen nothing.
///
/// # Errors
/// `SL4005`, `SL4009` and `SL4014` for settings that are malformed, not served or expressions, before anything is opened.
/// Then the first real fault: `SL6012` for a mapping that names no column of the source, a connector's own (`SL60xx`), the gate's, `SL7001` when the sink does not hold what was read,
/// `SL7003` when it was cancelled, `SL7006` for a panic, `SL7007` when nothing moved any more.
pub async fn run(
    job: CopyJob,
    gate: &dyn CommitGate,
    progress: watch::Sender<CopyProgress>,
    cancel: CancellationToken,
) -> Result<CopyOutcome, Fault> {
    let asked = Asked::read(&job.options.settings, &job.source_request, &job.sink_request)?;
    let mut road = Road {
        options: job.options,
        cancel,
        reporter: Reporter::new(progress),
        stages: BTreeMap::new(),
    };
    let started = Utc::now();
    road.reporter.stage("planning");
    let begun = Instant::now();
    let source = road.source(job.source.as_ref(), job.source_request).await?;
    let shape = asked.shape(source.schema())?;
    let workers = source.partitions().len().clamp(1, road.options.parallel.max(1));
    let mut sink = road.sink(job.sink.as_ref(), job.sink_request, workers).await?;
    road.reporter.planned(source.partitions().len(), source.rows_expected());

    let staged = road
        .stage_all(&source, shape, sink.as_mut(), &job.key, workers, begun)
        .await;
    let committed = match staged {
        Ok((rows, staged, hash)) => road
            .publish(sink.as_mut(), gate, rows)
            .await
            .map(|committed| (rows, staged, hash, committed)),
        Err(fault) => Err(Failed::Untouched(fault)),
    };
    let (rows_read, staged, hash, committed) = match committed {
        Ok(all) => all,
        Err(failed) => return Err(road.give_up(sink.as_mut(), &job.key, failed).await),
    };
    let mut warnings = source.warnings();
    warnings.extend(asked.warnings);
    if committed.replayed {
        warnings.push("an earlier run of this attempt had committed already; nothing was written twice".to_owned());
    }
    Ok(CopyOutcome {
        rows_read,
        rows_copied: staged.rows,
        bytes_read: source.bytes_read(),
        bytes_written: if staged.bytes > 0 {
            staged.bytes
        } else {
            sink.bytes_written()
        },
        started: Some(started),
        finished: Some(Utc::now()),
        parallel: u32::try_from(workers).unwrap_or(u32::MAX),
        stages: road.stages,
        location: committed.location,
        content_hash: hash.to_string(),
        warnings,
        extra: verification(),
        ..CopyOutcome::default()
    })
}

/// What the verification of every copy was, for ADF's `dataConsistencyVerification`.
fn verification() -> Object {
    // A copy whose rows differ has ended before; their values are not read back.
    let facts = json!({ "VerificationResult": "Verified", "InconsistentData": "None", "verified": "rows" });
    Object::from_iter([("dataConsistencyVerification".to_owned(), facts)])
}

/// Why nothing was published, and whether that is certain.
enum Failed {
    /// The commit did not begin, or the sink says that it failed.
    Untouched(Fault),
    /// The commit hung or panicked: only the store knows.
    Unknown(Fault),
}

struct Road {
    options: CopyOptions,
    cancel: CancellationToken,
    reporter: Reporter,
    stages: BTreeMap<String, f64>,
}

impl Road {
    async fn source(&self, store: &dyn Connection, mut request: SourceRequest) -> Result<Arc<dyn Source>, Fault> {
        request.parallel = self.options.parallel.max(1);
        request.translator = self.options.translator();
        if request.batch_bytes == 0 {
            request.batch_bytes = self.options.batch_bytes();
        }
        self.plan("planning the source", store.source(request))
            .await
            .map(Arc::from)
    }

    async fn sink(
        &self,
        store: &dyn Connection,
        mut request: SinkRequest,
        workers: usize,
    ) -> Result<Box<dyn Sink>, Fault> {
        request.parallel = workers;
        self.plan("planning the sink", store.sink(request)).await
    }

    async fn plan<T>(&self, what: &str, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        step(what, self.options.stall_timeout, &self.cancel, call).await
    }

    /// Everything between making the staging and asking for the commit.
    async fn stage_all(
        &mut self,
        source: &Arc<dyn Source>,
        shape: Shape,
        sink: &mut dyn Sink,
        key: &CommitKey,
        workers: usize,
        begun: Instant,
    ) -> Result<(u64, Staged, ContentHash), Fault> {
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
        Ok((rows_read, staged, hash))
    }

    async fn publish(
        &mut self,
        sink: &mut dyn Sink,
        gate: &dyn CommitGate,
        rows: u64,
    ) -> Result<sluice_store_core::Committed, Failed> {
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

    /// Cleans up behind a copy that failed.
    async fn give_up(&self, sink: &mut dyn Sink, key: &CommitKey, failed: Failed) -> Fault {
        match failed {
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

    fn took(&mut self, stage: &str, since: Instant) {
        self.stages.insert(stage.to_owned(), since.elapsed().as_secs_f64());
    }
}

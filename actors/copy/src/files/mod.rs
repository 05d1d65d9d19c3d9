//! Copies of files as they are: ADF's datasets of type Binary.
//!
//! Every file is copied for itself: read in ranges, staged, its size and its MD5 compared, and published in one step. The factory
//! is asked for the permit to commit once, before the first file is published. A copy that fails after that has published
//! some files, all of them whole; what its next attempt finds published by the same job from the same version of the source it
//! does not write again, where the store can carry such a mark.

mod carry;
mod fleet;
mod judge;
mod pack;
mod plan;
mod pour;
mod sheet;
mod stream;
mod tally;
#[cfg(test)]
mod tests;
mod wanted;

pub(crate) use plan::generated_stem;

use crate::rejects::Log;
use crate::road::Road;
use crate::{CommitGate, CopyJob};
use chrono::Utc;
use fleet::Fleet;
use plan::Plan;
use sheet::Sheet;
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Code, Fault};
use sluice_store_core::files::{ByteStore, Guarded, Selection};
use sluice_store_core::{Connection, Rejects};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wanted::Wanted;

/// The dataset type of files that are copied as they are.
const BINARY: &str = "Binary";
/// Bytes of memory for one file that is packed or unpacked.
const MEMORY_OF_ONE: usize = 16 << 20;

/// Whether a copy is one of files.
pub(crate) fn is_meant(job: &CopyJob) -> bool {
    is_binary(&job.source_request.dataset_kind) || is_binary(&job.sink_request.dataset_kind)
}

fn is_binary(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(BINARY)
}

/// Copies files.
///
/// # Errors
/// As [`crate::run`].
pub(crate) async fn run(
    job: CopyJob,
    gate: &dyn CommitGate,
    progress: watch::Sender<CopyProgress>,
    cancel: CancellationToken,
) -> Result<CopyOutcome, Fault> {
    let wanted = Wanted::read(&job)?;
    let log = Arc::new(Log::new(&wanted.logs, &job.logs, &job.key)?);
    let allowed = wanted.logs.allowed;
    let rejects = allowed.map(|allowed| Rejects::allowing(log.clone(), allowed));
    let mut road = Road::new(job.options, cancel, progress);
    let started = Utc::now();
    road.reporter.stage("planning");
    let begun = Instant::now();
    let source = files_of(job.source.as_ref(), "source")?;
    let sink = files_of(job.sink.as_ref(), "sink")?;
    let request = &job.source_request;
    let selection = Selection::read(
        &request.dataset,
        &request.activity,
        source.location_types(),
        source.has_containers(),
    )?;
    let source: Arc<dyn ByteStore> = Arc::new(Guarded::new(source, selection.connections));
    let found = Plan::make(
        &wanted,
        &selection,
        source.as_ref(),
        sink.as_ref(),
        request,
        &job.sink_request,
    );
    let plan = road.plan("looking for the files of the source", found).await?;
    road.reporter.planned(plan.files(), None);
    road.took("plan", begun);

    road.reporter.stage("copying");
    let begun = Instant::now();
    let (files, location) = (plan.files(), plan.location);
    let sheet = Arc::new(Sheet {
        key: job.key,
        memory: road.options.memory_budget,
        wrappings: plan.wrappings,
        default_name: plan.default_name,
        source,
        sink,
        budget: road.options.budget(),
        block: road.options.file_block_bytes(),
        pace: crate::bandwidth::Pace::new(road.options.bandwidth.clone()),
        rejects: rejects.clone(),
        log: log.clone(),
        tally: tally::Tally::default(),
        stop: CancellationToken::new(),
        permit: fleet::Permit::new(),
        wanted,
        many: files > 1,
    });
    let mut parallel = sheet.wanted.parallel(road.options.parallel, plan.units.len());
    if !sheet.wrappings.are_none() {
        // A thread and its buffers for each.
        parallel = parallel.min(road.options.memory_budget / MEMORY_OF_ONE).max(1);
    }
    let fleet = Fleet::new(Arc::clone(&sheet), plan.units, parallel);
    let copied = fleet.run(&mut road, gate).await;
    // Also when the copy has failed: what it left out may be the reason.
    let logged = log.publish().await;
    copied?;
    let logged = logged?;
    road.took("copy", begun);
    if selection.delete_read {
        sheet.delete_copied().await;
    }
    let mut outcome = sheet.outcome(location);
    outcome.started = Some(started);
    outcome.finished = Some(Utc::now());
    outcome.parallel = u32::try_from(parallel).unwrap_or(u32::MAX);
    outcome.stages = road.stages;
    logged.tell(rejects.as_ref(), &mut outcome);
    Ok(outcome)
}

fn files_of(connection: &dyn Connection, end: &str) -> Result<Arc<dyn ByteStore>, Fault> {
    connection.files().ok_or_else(|| {
        let text = format!("the {end}'s linked service is no store of files, and files are copied as they are");
        Fault::new(Code::ActivityUnsupported, text)
    })
}

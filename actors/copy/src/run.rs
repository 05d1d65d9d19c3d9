//! The road of one copy: plan, copy, verify, commit.

use crate::behavior::Behavior;
use crate::outcome::outcome;
use crate::publish::Failed;
use crate::rejects::Log;
use crate::road::Road;
use crate::settings::Asked;
use crate::step::guarded;
use crate::tree::{Tree, open_at_once};
use crate::{CommitGate, CopyJob};
use chrono::Utc;
use sluice_contract::Fault;
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_store_core::Rejects;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Copies.
///
/// Cancelling works up to the moment the commit begins; from then on the copy ends as the commit does. When it fails
/// before that, the sink's staging has been removed and its readers have seen nothing.
///
/// # Errors
/// `SL4005`, `SL4009` and `SL4014` for settings that are malformed, not served or expressions, before anything is opened.
/// Then the first real fault: `SL6012` for a mapping that names no column of the source, a connector's own (`SL60xx`), the
/// gate's, `SL7001` when the sink does not hold what was read, `SL7003` when it was cancelled, `SL7006` for a panic,
/// `SL7007` when nothing moved any more.
pub async fn run(
    mut job: CopyJob,
    gate: &dyn CommitGate,
    progress: watch::Sender<CopyProgress>,
    cancel: CancellationToken,
) -> Result<CopyOutcome, Fault> {
    if crate::files::is_meant(&job) {
        return crate::files::run(job, gate, progress, cancel).await;
    }
    let mut asked = Asked::read(&job.options.settings, &job.source_request, &job.sink_request)?;
    let tree = Tree::asked(&job)?;
    let log = Arc::new(Log::new(&asked.logs, &job.logs, &job.key)?);
    if let Some(allowed) = asked.logs.allowed {
        let rejects = Rejects::allowing(log.clone(), allowed);
        job.source_request.rejects = Some(rejects.clone());
        job.sink_request.rejects = Some(rejects);
    }
    let mut road = Road::new(job.options, cancel, progress);
    road.rejects = job.sink_request.rejects.clone();
    // Which rows were left out is known to this attempt alone.
    if !road.rejects.as_ref().is_some_and(Rejects::allows_rows) {
        road.continuation = job.continuation;
    }
    let started = Utc::now();
    road.reporter.stage("planning");
    let begun = Instant::now();
    let source = road.source(job.source.as_ref(), job.source_request).await?;
    let shape = asked
        .shape(source.schema())?
        .with_files(source.as_ref(), &asked.folder)?;
    let mut workers = source.partitions().len().clamp(1, road.options.parallel.max(1));
    if let Some(tree) = tree {
        job.sink_request.files = tree.files(source.as_ref())?;
    }
    if !job.sink_request.files.is_empty() {
        workers = workers.min(open_at_once(road.options.memory_budget));
    } else if Behavior::read(&job.sink_request.activity)?.is_some_and(|behavior| behavior != Behavior::Merge) {
        let text = "`sink.storeSettings.copyBehavior` changes nothing: the sink has one place for all rows";
        asked.warnings.push(text.to_owned());
    }
    road.stage_as_before(source.as_ref(), &job.key, &mut job.sink_request);
    let mut sink = road.sink(job.sink.as_ref(), job.sink_request, workers).await?;
    road.reporter.planned(source.partitions().len(), source.rows_expected());

    let staged = road
        .stage_all(&source, shape, sink.as_mut(), &job.key, workers, begun)
        .await;
    // Also when the copy has failed: what it left out may be the reason. And before the commit: nothing is left out unseen.
    let logging = async {
        if staged.is_ok() {
            log.read_files(source.as_ref()).await?;
        }
        log.publish().await
    };
    let logged = road.plan("writing the log of what is left out", logging).await;
    let all = match (staged, logged) {
        (Ok(cargo), Ok(logged)) => road
            .publish(sink.as_mut(), gate, cargo.staged.rows)
            .await
            .map(|committed| (cargo, committed, logged)),
        (Err(fault), _) | (_, Err(fault)) => Err(Failed::Untouched(fault)),
    };
    let (mut cargo, committed, logged) = match all {
        Ok(all) => all,
        Err(failed) => return Err(road.give_up(sink.as_mut(), &job.key, failed).await),
    };
    road.compare_published(sink.as_mut(), &mut cargo, &committed).await?;
    let completed = guarded(
        "finishing with the source",
        road.options.settle_timeout,
        source.completed(),
    )
    .await;
    let mut outcome = outcome(source.as_ref(), sink.as_ref(), cargo, committed);
    if let Err(fault) = completed.result() {
        outcome.warnings.push(fault.to_string());
    }
    outcome.started = Some(started);
    outcome.finished = Some(Utc::now());
    outcome.parallel = u32::try_from(workers).unwrap_or(u32::MAX);
    outcome.warnings.extend(asked.warnings);
    logged.tell(road.rejects.as_ref(), &mut outcome);
    outcome.stages = road.stages;
    Ok(outcome)
}

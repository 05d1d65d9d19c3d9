//! From a job's specification to a running copy.

use super::keeper::continuation;
use super::live::LiveJob;
use super::permit::AskFactory;
use crate::connector::lend;
use crate::hub::Hub;
use crate::policy::{self, Use};
use crate::secrets;
use sluice_contract::job::{CopyOutcome, CopyProgress, CopySpec, Endpoint};
use sluice_contract::{Code, Fault, JobId, Object};
use sluice_copy::{Bandwidth, Continuation, CopyJob, CopyOptions, LogStores};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest, StoreProperties};
use std::sync::Arc;
use tokio::sync::watch;

/// Borrows both connections and copies. A login that is refused although its secret was fetched from a store of secrets is
/// tried once more with a secret that is fetched anew.
pub(super) async fn copy(
    hub: &Arc<Hub>,
    live: &Arc<LiveJob>,
    work: &CopySpec,
    progress: watch::Sender<CopyProgress>,
) -> Result<CopyOutcome, Fault> {
    let outcome = attempt(hub, live, work, progress.clone()).await;
    match &outcome {
        Err(fault) if fault.code == Code::LoginFailed && refers(work) => {
            tracing::info!(job = %live.job, "A login was refused; its secrets are fetched again.");
            attempt(hub, live, work, progress).await
        }
        _ => outcome,
    }
}

/// Whether an end's secret is only referred to.
fn refers(work: &CopySpec) -> bool {
    let ends = [
        Some(&work.source),
        Some(&work.sink),
        work.log.as_ref(),
        work.redirect.as_ref(),
    ];
    let refers = |end: &Endpoint| secrets::references(&end.properties).is_ok_and(|found| !found.is_empty());
    ends.into_iter().flatten().any(refers)
}

async fn attempt(
    hub: &Arc<Hub>,
    live: &Arc<LiveJob>,
    work: &CopySpec,
    progress: watch::Sender<CopyProgress>,
) -> Result<CopyOutcome, Fault> {
    let spec = &live.spec;
    let options = options_of(hub, &work.settings, &live.bandwidth)?;
    let ends = [
        Some(&work.source),
        Some(&work.sink),
        work.log.as_ref(),
        work.redirect.as_ref(),
    ];
    let uses = [Use::Read, Use::Write, Use::Write, Use::Write];
    for (end, purpose) in ends.into_iter().zip(uses) {
        if let Some(end) = end {
            allowed(hub, end, purpose).await?;
        }
    }
    let [Some(source), Some(sink), session, redirect] = connections(hub, ends).await? else {
        return Err(Fault::new(Code::Internal, "a connection was not borrowed"));
    };
    let logs = LogStores {
        session,
        redirect,
        activity: spec.activity.clone(),
        run: match spec.activity_run.as_str() {
            "" => live.job.to_string(),
            run => run.to_owned(),
        },
    };
    let key = (live.job.clone(), live.attempt, live.token);
    let job = CopyJob {
        logs,
        ..job_of(work, key, (source, sink), options, continuation(hub, live, work).await?)
    };
    let gate = AskFactory {
        hub: Arc::clone(hub),
        live: Arc::clone(live),
    };
    let mut outcome = sluice_copy::run(job, &gate, progress, live.stop.clone()).await?;
    outcome.node = Some(hub.identity.node.clone());
    Ok(outcome)
}

/// What a job's specification asks for, between two connections.
pub(super) fn job_of(
    work: &CopySpec,
    (job, attempt, token): (JobId, u32, u64),
    (source, sink): (Arc<dyn Connection>, Arc<dyn Connection>),
    options: CopyOptions,
    continuation: Continuation,
) -> CopyJob {
    CopyJob {
        source,
        source_request: SourceRequest {
            dataset_kind: work.source.dataset_kind.clone(),
            dataset: work.source.dataset.clone(),
            activity: work.source.activity.clone(),
            ..SourceRequest::default()
        },
        sink,
        sink_request: SinkRequest {
            dataset_kind: work.sink.dataset_kind.clone(),
            dataset: work.sink.dataset.clone(),
            activity: work.sink.activity.clone(),
            // Unique, and the same for every attempt: one of them commits.
            default_name: format!("data_{job}"),
            ..SinkRequest::default()
        },
        key: CommitKey { job, attempt, token },
        logs: LogStores::default(),
        options,
        continuation,
    }
}

/// Whether the node's policy lets this end be used so, by what the factory sent of it.
pub(crate) async fn allowed(hub: &Arc<Hub>, end: &Endpoint, purpose: Use) -> Result<(), Fault> {
    let store = hub.options.stores.connector(&end.kind)?;
    let properties = StoreProperties {
        kind: end.kind.clone(),
        public: end.properties.clone(),
        ..StoreProperties::default()
    };
    policy::check(hub, end, store.reaches(&properties), purpose).await
}

/// The activity's settings within the node's limits.
pub(super) fn options_of(hub: &Hub, settings: &Object, bandwidth: &Bandwidth) -> Result<CopyOptions, Fault> {
    let memory = &hub.limits.memory;
    let several = hub.options.slots > 1;
    // One copy leaves room for others, which are likely to come.
    let own = if several { memory.total() / 2 } else { memory.total() };
    Ok(CopyOptions {
        memory: Some(memory.clone()),
        bandwidth: vec![hub.limits.bandwidth.clone(), bandwidth.clone()],
        stall_timeout: hub.options.stall_timeout,
        resume_from_rows: hub.options.resume_from_rows,
        ..CopyOptions::from_settings(settings, own)?
    })
}

/// Borrows a connection for each of these, in the order of their names, so that two copies never hold one each and wait
/// for the other's; what is named twice takes only one place.
pub(super) async fn connections(
    hub: &Arc<Hub>,
    wanted: [Option<&Endpoint>; 4],
) -> Result<[Option<Arc<dyn Connection>>; 4], Fault> {
    let mut order: Vec<usize> = (0..wanted.len()).filter(|place| wanted[*place].is_some()).collect();
    order.sort_by_key(|place| wanted[*place].map(|endpoint| &endpoint.name));
    let mut lent = [const { None }; 4];
    for place in order {
        let Some(endpoint) = wanted[place] else { continue };
        let same =
            |other: &usize| lent[*other].is_some() && wanted[*other].is_some_and(|other| is_same(other, endpoint));
        lent[place] = match (0..wanted.len()).find(same) {
            Some(other) => lent[other].clone(),
            None => Some(lend(hub, endpoint, false).await?),
        };
    }
    Ok(lent)
}

/// Whether two ends are the same linked service.
fn is_same(one: &Endpoint, other: &Endpoint) -> bool {
    one.name == other.name && one.kind == other.kind && one.properties == other.properties && one.sealed == other.sealed
}

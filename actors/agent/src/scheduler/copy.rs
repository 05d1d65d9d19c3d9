//! From a job's specification to a running copy.

use super::live::LiveJob;
use super::permit::AskFactory;
use crate::connector::lend;
use crate::hub::Hub;
use sluice_contract::Fault;
use sluice_contract::job::{CopyOutcome, CopyProgress, Endpoint};
use sluice_copy::{CopyJob, CopyOptions};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest};
use std::sync::Arc;
use tokio::sync::watch;

/// Borrows both connections and copies.
pub(super) async fn copy(
    hub: &Arc<Hub>,
    live: &Arc<LiveJob>,
    progress: watch::Sender<CopyProgress>,
) -> Result<CopyOutcome, Fault> {
    let spec = &live.spec;
    let options = options(hub, live)?;
    let (source, sink) = connections(hub, &spec.source, &spec.sink).await?;
    let job = CopyJob {
        key: CommitKey {
            job: live.job.clone(),
            attempt: live.attempt,
            token: live.token,
        },
        source,
        source_request: SourceRequest {
            dataset_kind: spec.source.dataset_kind.clone(),
            dataset: spec.source.dataset.clone(),
            activity: spec.source.activity.clone(),
            ..SourceRequest::default()
        },
        sink,
        sink_request: SinkRequest {
            dataset_kind: spec.sink.dataset_kind.clone(),
            dataset: spec.sink.dataset.clone(),
            activity: spec.sink.activity.clone(),
            // Unique, and the same for every attempt: one of them commits.
            default_name: format!("data_{}", live.job),
            ..SinkRequest::default()
        },
        options,
    };
    let gate = AskFactory {
        hub: Arc::clone(hub),
        live: Arc::clone(live),
    };
    let mut outcome = sluice_copy::run(job, &gate, progress, live.stop.clone()).await?;
    outcome.node = Some(hub.identity.node.clone());
    Ok(outcome)
}

/// The activity's settings within the node's limits.
fn options(hub: &Hub, live: &LiveJob) -> Result<CopyOptions, Fault> {
    let memory = &hub.limits.memory;
    let several = hub.options.slots > 1;
    // One copy leaves room for others, which are likely to come.
    let own = if several { memory.total() / 2 } else { memory.total() };
    Ok(CopyOptions {
        memory: Some(memory.clone()),
        bandwidth: vec![hub.limits.bandwidth.clone(), live.bandwidth.clone()],
        stall_timeout: hub.options.stall_timeout,
        ..CopyOptions::from_settings(&live.spec.settings, own)?
    })
}

type Pair = (Arc<dyn Connection>, Arc<dyn Connection>);

/// Borrows the two connections in the order of their names, so that two copies never hold one each and wait for the
/// other's; a copy within one linked service needs only one place.
async fn connections(hub: &Arc<Hub>, source: &Endpoint, sink: &Endpoint) -> Result<Pair, Fault> {
    let same = source.name == sink.name
        && source.kind == sink.kind
        && source.properties == sink.properties
        && source.sealed == sink.sealed;
    if same {
        let connection = lend(hub, source, false).await?;
        return Ok((Arc::clone(&connection), connection));
    }
    if source.name <= sink.name {
        let first = lend(hub, source, false).await?;
        Ok((first, lend(hub, sink, false).await?))
    } else {
        let first = lend(hub, sink, false).await?;
        Ok((lend(hub, source, false).await?, first))
    }
}

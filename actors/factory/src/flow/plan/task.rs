//! Activities that ask something of one store: what their jobs have in common.

use super::reference::{Set, dataset, linked_service};
use super::{Planned, Work};
use crate::flow::gateway::choose_gateway;
use crate::state::Conn;
use crate::state::gateways::GatewayRow;
use serde_json::Value;
use sluice_contract::document::{Policy, Reference, member};
use sluice_contract::job::{self, Endpoint, JobSpec, Task, TaskSpec};
use sluice_contract::{Code, Fault, Object, RunId};

/// What an activity's job is made of.
pub(super) struct Parts<'a> {
    pub(super) kind: Task,
    /// The dataset's name, where there is one.
    pub(super) dataset: &'a str,
    pub(super) store: Option<Endpoint>,
    pub(super) log: Option<Endpoint>,
    pub(super) gateway: GatewayRow,
    pub(super) policy: Policy,
}

impl Parts<'_> {
    /// The job. The activity's `typeProperties` go with it as they are: they hold values and no secrets.
    pub(super) fn planned(self, work: &Work<'_>) -> Planned {
        let Work { run, activity, .. } = *work;
        let task = TaskSpec {
            kind: self.kind,
            dataset_name: self.dataset.to_owned(),
            store: self.store,
            log: self.log,
            settings: activity.type_properties().clone(),
            sealed: None,
            extra: Object::new(),
        };
        let spec = JobSpec {
            run: RunId::from(run.id.as_str()),
            pipeline: run.pipeline.clone(),
            activity: activity.name().to_owned(),
            activity_run: work.activity_run.to_owned(),
            work: job::Work::Task(Box::new(task)),
            timeout_s: self.policy.timeout.as_secs(),
            retries_left: self.policy.retry,
            extra: Object::new(),
        };
        Planned {
            spec,
            gateway: self.gateway,
            policy: self.policy,
        }
    }
}

/// Plans an activity that names a dataset in its `typeProperties`. `asks` is what the connector gets beside the dataset.
///
/// # Errors
/// `SL4011` without a dataset, `SL4007` for a missing document, `SL4020`, `SL5006`.
pub(super) async fn over_dataset(
    conn: &mut Conn,
    work: &Work<'_>,
    kind: Task,
    asks: &Object,
    policy: Policy,
) -> Result<Planned, Fault> {
    let reference = dataset_of(work)?;
    let set: Set = dataset(conn, &work.run.factory, reference).await?;
    let gateway = choose_gateway(conn, &work.run.factory, None, &[&set.service]).await?;
    let log = log_of(conn, work, &gateway).await?;
    let parts = Parts {
        kind,
        dataset: reference.name,
        store: Some(set.endpoint(asks, &gateway)?),
        log,
        gateway,
        policy,
    };
    Ok(parts.planned(work))
}

/// Plans an activity that names a linked service.
///
/// # Errors
/// `SL4011` without one, `SL4007` for a missing document, `SL4020`, `SL5006`.
pub(super) async fn over_service(conn: &mut Conn, work: &Work<'_>, kind: Task) -> Result<Planned, Fault> {
    let reference = work
        .activity
        .linked_service()
        .ok_or_else(|| missing(work, "linkedServiceName"))?;
    let service = linked_service(conn, &work.run.factory, reference).await?;
    let gateway = choose_gateway(conn, &work.run.factory, None, &[&service]).await?;
    let log = log_of(conn, work, &gateway).await?;
    let parts = Parts {
        kind,
        dataset: "",
        store: Some(service.endpoint(&gateway)?),
        log,
        gateway,
        policy: work.activity.policy()?,
    };
    Ok(parts.planned(work))
}

fn dataset_of<'a>(work: &Work<'a>) -> Result<Reference<'a>, Fault> {
    let found = member(work.activity.type_properties(), "dataset").and_then(Reference::view);
    found.ok_or_else(|| missing(work, "typeProperties.dataset"))
}

pub(super) fn missing(work: &Work<'_>, what: &str) -> Fault {
    let text = format!("activity {}: it has no {what}", work.activity.name());
    Fault::new(Code::PipelineInvalid, text)
}

/// The linked service of the log: of a Delete's `logStorageSettings`, or of a Script's `logSettings`.
async fn log_of(conn: &mut Conn, work: &Work<'_>, gateway: &GatewayRow) -> Result<Option<Endpoint>, Fault> {
    let settings = work.activity.type_properties();
    let object = |object: &'_ Object, name: &str| member(object, name).and_then(Value::as_object).cloned();
    let place = object(settings, "logStorageSettings").or_else(|| {
        let log = object(settings, "logSettings")?;
        object(&log, "logLocationSettings")
    });
    let service = place.as_ref().and_then(|place| member(place, "linkedServiceName"));
    let Some(reference) = service.and_then(Reference::view) else {
        return Ok(None);
    };
    let found = linked_service(conn, &work.run.factory, reference).await;
    found
        .map_err(|fault| fault.context("for the log"))?
        .endpoint(gateway)
        .map(Some)
}

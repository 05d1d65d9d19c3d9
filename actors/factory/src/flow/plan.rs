//! From a Copy activity to a job: references resolved, the gateway chosen.

use super::gateway::{choose_gateway, endpoint_of, gateway_name, no_expression};
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::gateways::GatewayRow;
use crate::state::runs::RunRow;
use crate::state::{Conn, stored};
use serde_json::Value;
use sluice_contract::document::{Activity, Dataset, Policy};
use sluice_contract::job::{Endpoint, JobSpec};
use sluice_contract::{Code, Fault, Object, RunId};

/// A Copy that can be handed out.
pub(crate) struct Planned {
    pub(crate) spec: JobSpec,
    pub(crate) gateway: GatewayRow,
    pub(crate) policy: Policy,
}

/// Plans a Copy activity.
///
/// # Errors
/// `SL4009` for another activity, `SL4007` for a missing document, `SL4011`, `SL4014`, `SL5006`.
pub(crate) async fn plan(
    conn: &mut Conn,
    run: &RunRow,
    activity: &Activity<'_>,
    activity_run: &str,
) -> Result<Planned, Fault> {
    let copy = activity.copy()?;
    let policy = activity.policy()?;
    let settings = copy.settings();
    let named = |part: &str| format!("activity {}, {part}", activity.name());
    no_expression(&named("source"), copy.source)?;
    no_expression(&named("sink"), copy.sink)?;
    no_expression(&named("typeProperties"), &settings)?;
    let (source_set, source_service) = resolve(conn, &run.factory, copy.input).await?;
    let (sink_set, sink_service) = resolve(conn, &run.factory, copy.output).await?;
    let gateway = choose_gateway(conn, &run.factory, None, &[&sink_service, &source_service]).await?;
    check_bridge(&source_service, &gateway)?;
    let log = log_end(conn, run, copy.log_service()?, &gateway).await?;
    let redirect = log_end(conn, run, copy.redirect_service()?, &gateway).await?;
    let spec = JobSpec {
        run: RunId::from(run.id.as_str()),
        pipeline: run.pipeline.clone(),
        activity: activity.name().to_owned(),
        activity_run: activity_run.to_owned(),
        source: end(&source_service, &source_set, copy.source, &gateway)?,
        sink: end(&sink_service, &sink_set, copy.sink, &gateway)?,
        log,
        redirect,
        settings,
        timeout_s: policy.timeout.as_secs(),
        retries_left: policy.retry,
        checkpoint: None,
        extra: Object::new(),
    };
    Ok(Planned { spec, gateway, policy })
}

/// The linked service of a log.
async fn log_end(
    conn: &mut Conn,
    run: &RunRow,
    service: Option<&str>,
    gateway: &GatewayRow,
) -> Result<Option<Endpoint>, Fault> {
    let Some(name) = service else { return Ok(None) };
    let found = documents::find(conn, &run.factory, DocumentKind::LinkedService, name).await?;
    let missing = || {
        Fault::new(
            Code::ReferenceMissing,
            format!("there is no linked service named {name}, for the log"),
        )
    };
    endpoint_of(&found.ok_or_else(missing)?, gateway).map(Some)
}

/// A dataset and its linked service.
async fn resolve(conn: &mut Conn, factory: &str, dataset: &str) -> Result<(Value, DocumentRow), Fault> {
    let missing =
        |kind: &str, name: &str| Fault::new(Code::ReferenceMissing, format!("there is no {kind} named {name}"));
    let row = documents::find(conn, factory, DocumentKind::Dataset, dataset)
        .await?
        .ok_or_else(|| missing("dataset", dataset))?;
    let body: Value = stored("a dataset", &row.body)?;
    let view = Dataset::view(&body)?;
    no_expression(&format!("dataset {}", row.name), view.type_properties())?;
    let name = view.linked_service();
    let service = documents::find(conn, factory, DocumentKind::LinkedService, name)
        .await?
        .ok_or_else(|| missing("linked service", name).context(format!("dataset {}", row.name)))?;
    Ok((body, service))
}

fn end(service: &DocumentRow, dataset: &Value, activity: &Object, gateway: &GatewayRow) -> Result<Endpoint, Fault> {
    let dataset = Dataset::view(dataset)?;
    Ok(Endpoint {
        dataset_kind: dataset.kind().to_owned(),
        dataset: dataset.request(),
        activity: activity.clone(),
        ..endpoint_of(service, gateway)?
    })
}

/// The sink's gateway does the work. A source that names another one is read there only if its secret was sealed for it
/// as well: two gateways never pass data to each other.
fn check_bridge(source: &DocumentRow, gateway: &GatewayRow) -> Result<(), Fault> {
    match gateway_name(source)? {
        Some(name) if !name.eq_ignore_ascii_case(&gateway.name) && !source.sealed.contains_key(&gateway.id) => {
            Err(Fault::new(
                Code::CredentialMissing,
                format!(
                    "the source {} goes by the gateway {name} and the sink by {}; the source's secret is not sealed for \
                     the sink's gateway",
                    source.name, gateway.name
                ),
            ))
        }
        _ => Ok(()),
    }
}

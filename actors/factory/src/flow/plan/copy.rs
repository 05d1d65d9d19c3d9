//! From a Copy activity to a job: references resolved, the gateway chosen.

use super::reference::{Service, dataset, linked_service};
use super::{Planned, Work};
use crate::flow::gateway::choose_gateway;
use crate::state::Conn;
use crate::state::gateways::GatewayRow;
use serde_json::Value;
use sluice_contract::document::Reference;
use sluice_contract::job::{self, CopySpec, Endpoint, JobSpec};
use sluice_contract::{Code, Fault, Object, RunId};

/// Plans a Copy.
///
/// # Errors
/// `SL4007` for a missing document, `SL4011`, `SL4017`, `SL4020`, `SL5006`.
pub(super) async fn plan(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    let Work { run, activity, .. } = *work;
    let copy = activity.copy()?;
    let policy = activity.policy()?;
    let source = dataset(conn, &run.factory, copy.input).await?;
    let sink = dataset(conn, &run.factory, copy.output).await?;
    let gateway = choose_gateway(conn, &run.factory, None, &[&sink.service, &source.service]).await?;
    check_bridge(&source.service, &gateway)?;
    let log = log_end(conn, work, copy.log_service()?, &gateway).await?;
    let redirect = log_end(conn, work, copy.redirect_service()?, &gateway).await?;
    let spec = JobSpec {
        run: RunId::from(run.id.as_str()),
        pipeline: run.pipeline.clone(),
        activity: activity.name().to_owned(),
        activity_run: work.activity_run.to_owned(),
        work: job::Work::Copy(Box::new(CopySpec {
            source: source.endpoint(&literal(copy.source, "additionalColumns"), &gateway)?,
            sink: sink.endpoint(copy.sink, &gateway)?,
            log,
            redirect,
            settings: literal(&copy.settings(), "translator"),
            checkpoint: None,
        })),
        timeout_s: policy.timeout.as_secs(),
        retries_left: policy.retry,
        extra: Object::new(),
    };
    Ok(Planned { spec, gateway, policy })
}

/// The same with a member whose texts a node takes as the client wrote them: there `@@` stands for one `@` at the
/// beginning, and one `@` begins an expression. What is here has been evaluated, and is no expression any more.
fn literal(object: &Object, member: &str) -> Object {
    let mut object = object.clone();
    for (name, value) in &mut object {
        if name.eq_ignore_ascii_case(member) {
            escape(value);
        }
    }
    object
}

fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with('@') => text.insert(0, '@'),
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(members) => members.values_mut().for_each(escape),
        _ => {}
    }
}

/// The linked service of a log.
async fn log_end(
    conn: &mut Conn,
    work: &Work<'_>,
    service: Option<Reference<'_>>,
    gateway: &GatewayRow,
) -> Result<Option<Endpoint>, Fault> {
    let Some(reference) = service else { return Ok(None) };
    let found = linked_service(conn, &work.run.factory, reference).await;
    let found = found.map_err(|fault| fault.context("for the log"))?;
    found.endpoint(gateway).map(Some)
}

/// The sink's gateway does the work. A source that names another one is read there only if its secret was sealed for it
/// as well: two gateways never pass data to each other.
fn check_bridge(source: &Service, gateway: &GatewayRow) -> Result<(), Fault> {
    match &source.gateway {
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

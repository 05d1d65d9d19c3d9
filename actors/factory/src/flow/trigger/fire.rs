//! Starting what a trigger starts.

use super::clock::{moment, text};
use super::keep::Look;
use crate::flow::eval::{OfTrigger, evaluate_object};
use crate::flow::start::{InvokedBy, NewRun, Origin, start_from};
use crate::state::runs::RunRow;
use crate::state::trigger_runs::TriggerRunRow;
use crate::state::{Conn, stored};
use crate::wire::time_text;
use serde_json::{Value, json};
use sluice_contract::Fault;
use sluice_contract::document::Reference;

/// What `trigger()` is in the trigger's parameters and in the run's expressions.
///
/// # Errors
/// `SL9001`.
pub(super) fn value(look: &Look<'_>, row: &TriggerRunRow) -> Result<Value, Fault> {
    let outputs = match (row.window, &row.event) {
        (Some((start, end)), _) => json!({ "windowStartTime": text(start), "windowEndTime": text(end) }),
        (None, Some(event)) => json!({ "body": stored::<Value>("an event", event)? }),
        (None, None) => json!({}),
    };
    Ok(json!({
        "name": row.name,
        "type": row.kind,
        "scheduledTime": text(row.scheduled),
        "startTime": time_text(look.moment),
        "outputs": outputs,
    }))
}

/// Starts one pipeline for a trigger run. With `repeats` it is one more attempt of that run.
///
/// # Errors
/// `SL4017` for its parameters, `SL4007`, `SL4020`; `SL9001`.
pub(super) async fn fire(
    conn: &mut Conn,
    look: &Look<'_>,
    row: &TriggerRunRow,
    pipeline: &Reference<'_>,
    repeats: Option<RunRow>,
) -> Result<RunRow, Fault> {
    let trigger = value(look, row)?;
    let about = format!("trigger {}, the parameters of {}", row.name, pipeline.name);
    let scope = OfTrigger::new(&trigger, moment(look.moment));
    let parameters = evaluate_object(&about, pipeline.parameters, &scope)?;
    let new = NewRun {
        pipeline: pipeline.name.to_owned(),
        parameters,
        invoked_by: InvokedBy {
            id: row.id.clone(),
            name: row.name.clone(),
            kind: row.kind.clone(),
        },
        trigger: Some(trigger),
    };
    let origin = Origin {
        repeats,
        ..Origin::default()
    };
    let run = start_from(conn, look.factory, new, origin).await?;
    tracing::info!(trigger = row.name, pipeline = run.pipeline, run = %run.id, "A trigger has started a run");
    Ok(run)
}

/// A trigger run that is new.
pub(super) fn fresh(look: &Look<'_>, trigger: &str, slot: String, scheduled: i64, status: &str) -> TriggerRunRow {
    TriggerRunRow {
        id: uuid::Uuid::now_v7().simple().to_string(),
        factory: look.factory.id.clone(),
        trigger: trigger.to_owned(),
        name: look.name.to_owned(),
        kind: look.view.kind().as_str().to_owned(),
        slot,
        started: look.moment,
        status: status.to_owned(),
        message: String::new(),
        scheduled,
        window: None,
        event: None,
        pipelines: "{}".to_owned(),
        run: None,
        outcome: None,
        failures: 0,
        not_before: 0,
        asked: false,
        dependencies: "{}".to_owned(),
    }
}

/// A fault in a trigger run's message.
pub(super) fn told(fault: &Fault) -> String {
    format!("{}: {}. {}", fault.code, fault.message, fault.next_step())
}

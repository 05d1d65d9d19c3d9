//! Schedule triggers: at each scheduled time every pipeline is started.

use super::clock::{micros, moment};
use super::fire::{fire, fresh, told};
use super::keep::Look;
use crate::state::trigger_runs::{self, FAILED, SUCCEEDED, TriggerRunRow};
use crate::state::triggers::TriggerRow;
use crate::state::{Conn, json};
use chrono::TimeDelta;
use sluice_contract::{Code, Fault, Object};
use sluice_schedule::Recurrence;

/// How many times are fired in one transaction.
const PORTION: usize = 50;
/// Times that were missed are made up for when they are not older: after a weekend nobody wants each minute of it.
const CATCH_UP: TimeDelta = TimeDelta::hours(24);

/// Fires what is due, the earliest first; the runs that were started.
pub(super) async fn keep(
    conn: &mut Conn,
    look: &Look<'_>,
    recurrence: &Recurrence,
    trigger: &mut TriggerRow,
) -> Result<Vec<String>, Fault> {
    let mut started = Vec::new();
    if !trigger.started {
        return Ok(started);
    }
    let now = moment(look.moment);
    let mut reached = moment(trigger.reached);
    if let Some(oldest) = now.checked_sub_signed(CATCH_UP)
        && reached < oldest
    {
        if let Some(missed) = recurrence.after(reached).filter(|missed| *missed <= oldest) {
            let name = look.name;
            tracing::warn!(trigger = name, from = %missed, to = %oldest, "Scheduled times were missed and are not made up for");
        }
        reached = oldest;
    }
    for _ in 0..PORTION {
        match recurrence.after(reached) {
            Some(next) if next <= now => {
                let at = micros(next);
                let mut row = fresh(look, &trigger.id, format!("at {at}"), at, SUCCEEDED);
                if trigger_runs::insert(conn, &row).await? {
                    started.extend(start(conn, look, &mut row).await?);
                }
                reached = next;
            }
            next => {
                trigger.due = next.map(micros);
                break;
            }
        }
        // There may be more.
        trigger.due = Some(look.moment);
    }
    trigger.reached = micros(reached);
    Ok(started)
}

/// Starts every pipeline for a scheduled time, and writes what came of it. One that cannot be started does not hold up the
/// others.
pub(super) async fn start(conn: &mut Conn, look: &Look<'_>, row: &mut TriggerRunRow) -> Result<Vec<String>, Fault> {
    let (mut started, mut faults) = (Vec::new(), Vec::new());
    let mut pipelines = Object::new();
    for pipeline in &look.view.pipelines()? {
        match fire(conn, look, row, pipeline, None).await {
            Err(fault) if fault.code == Code::StateFailed => return Err(fault),
            Err(fault) => {
                tracing::warn!(trigger = row.name, pipeline = pipeline.name, %fault, "A trigger cannot start a pipeline");
                faults.push(told(&fault));
            }
            Ok(run) => {
                pipelines.insert(run.pipeline, run.id.clone().into());
                started.push(run.id);
            }
        }
    }
    row.status = if faults.is_empty() { SUCCEEDED } else { FAILED }.to_owned();
    row.message = faults.join(" ");
    row.pipelines = json(&pipelines)?;
    trigger_runs::update(conn, row).await?;
    Ok(started)
}

//! Tumbling windows: each is made when its time has come, waits for its place and for others, and runs until it succeeded.

use super::clock::{micros, moment};
use super::ended::{failed, settle};
use super::fire::{fire, fresh, told};
use super::keep::Look;
use super::waits::Waits;
use crate::state::trigger_runs::{self, RUNNING, TriggerRunRow, WAITING, WAITING_ON_DEPENDENCY};
use crate::state::triggers::TriggerRow;
use crate::state::{Conn, json, runs};
use chrono::{DateTime, Utc};
use sluice_contract::{Code, Fault, Object};
use sluice_schedule::Tumbling;

/// So many windows of a trigger are there at a time that wait or run; others are made when these are over.
const MOST: usize = 200;

/// Takes the windows as far as they go; the runs that were started.
pub(super) async fn keep(
    conn: &mut Conn,
    look: &Look<'_>,
    tumbling: &Tumbling,
    trigger: &mut TriggerRow,
) -> Result<Vec<String>, Fault> {
    let mut live = trigger_runs::live(conn, &trigger.id).await?;
    settle(conn, look, tumbling, &mut live).await?;
    let mut due = make(conn, look, tumbling, trigger, &mut live).await?;
    let running = live.iter().filter(|row| row.status == RUNNING).count();
    let mut free = usize::try_from(tumbling.concurrency)
        .unwrap_or(1)
        .saturating_sub(running);
    let mut waits = Waits::new(look, tumbling, &trigger.id);
    let mut started = Vec::new();
    for row in live.iter_mut().filter(|row| row.status != RUNNING) {
        if !trigger.started && !row.asked {
            continue;
        }
        if row.not_before > look.moment {
            due = earlier(due, row.not_before);
            continue;
        }
        // The end of a run rings.
        if free == 0 {
            break;
        }
        if !is_ready(conn, &mut waits, row).await? {
            continue;
        }
        match begin(conn, look, row).await {
            Err(fault) if fault.code == Code::StateFailed => return Err(fault),
            Err(fault) => {
                tracing::warn!(trigger = row.name, %fault, "A window cannot start its pipeline");
                failed(row, &tumbling.retry, told(&fault), look.moment);
                if row.status == WAITING {
                    due = earlier(due, row.not_before);
                }
            }
            Ok(run) => {
                started.push(run);
                free -= 1;
            }
        }
        trigger_runs::update(conn, row).await?;
    }
    trigger.due = due;
    Ok(started)
}

fn earlier(due: Option<i64>, other: i64) -> Option<i64> {
    Some(due.map_or(other, |due| due.min(other)))
}

/// Makes the windows whose time has come; when the next one's comes.
async fn make(
    conn: &mut Conn,
    look: &Look<'_>,
    tumbling: &Tumbling,
    trigger: &mut TriggerRow,
    live: &mut Vec<TriggerRunRow>,
) -> Result<Option<i64>, Fault> {
    let mut seen = 0;
    while trigger.started && live.len() < MOST {
        let window = tumbling.windows.window(trigger.reached);
        let Some((window, ready)) = window.and_then(|window| Some((window, tumbling.ready(window)?))) else {
            return Ok(None);
        };
        if ready > moment(look.moment) {
            return Ok(Some(micros(ready)));
        }
        // Where the start was changed, old windows are gone through without being made.
        if seen == MOST {
            return Ok(Some(look.moment));
        }
        seen += 1;
        let (start, end) = (micros(window.start), micros(window.end));
        let mut row = fresh(
            look,
            &trigger.id,
            slot(window.start, window.end),
            micros(ready),
            WAITING,
        );
        row.window = Some((start, end));
        if trigger_runs::insert(conn, &row).await? {
            live.push(row);
        }
        trigger.reached += 1;
    }
    Ok(None)
}

fn slot(start: DateTime<Utc>, end: DateTime<Utc>) -> String {
    format!("{}/{}", micros(start), micros(end))
}

/// Whether a window waits for no other one any more; says so in its row.
async fn is_ready(conn: &mut Conn, waits: &mut Waits<'_>, row: &mut TriggerRunRow) -> Result<bool, Fault> {
    let found = waits.of(conn, row.window.unwrap_or_default()).await?;
    let status = if found.met { WAITING } else { WAITING_ON_DEPENDENCY };
    if row.dependencies != found.text || row.status != status {
        row.dependencies = found.text;
        row.status = status.to_owned();
        trigger_runs::update(conn, row).await?;
    }
    Ok(found.met)
}

/// Starts the window's pipeline; the run.
async fn begin(conn: &mut Conn, look: &Look<'_>, row: &mut TriggerRunRow) -> Result<String, Fault> {
    let pipelines = look.view.pipelines()?;
    let pipeline = pipelines.first().ok_or_else(|| {
        Fault::new(
            Code::TriggerInvalid,
            format!("the trigger {} names no pipeline", row.name),
        )
    })?;
    // A window's runs are attempts of the same work.
    let before = match &row.run {
        Some(run) => runs::find(conn, &row.factory, run).await?,
        None => None,
    };
    let before = before.filter(|run| run.is_over() && run.pipeline.eq_ignore_ascii_case(pipeline.name));
    let run = fire(conn, look, row, pipeline, before).await?;
    row.pipelines = json(&Object::from_iter([(run.pipeline, run.id.clone().into())]))?;
    row.status = RUNNING.to_owned();
    row.asked = false;
    row.run = Some(run.id.clone());
    Ok(run.id)
}

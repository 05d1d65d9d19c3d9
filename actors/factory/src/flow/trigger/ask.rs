//! What a client asks of a trigger and of what it fired. The caller commits.

use super::definition::Definition;
use super::ended::abandoned;
use super::keep::Look;
use super::{schedule, watching};
use crate::flow::run::cancel_run;
use crate::state::factories::FactoryRow;
use crate::state::trigger_runs::{self, CANCELLED, RUNNING, TriggerRunRow, WAITING};
use crate::state::triggers::{self, TriggerRow};
use crate::state::{Conn, runs, stored, watches};
use crate::wire::now;
use sluice_contract::document::Trigger;
use sluice_contract::{Code, Fault, Object};

/// Starts a trigger at a moment: a schedule fires what comes after it, windows go on where they stopped. One that is started
/// stays as it is.
///
/// # Errors
/// `SL4031` when it has nothing to start; `SL4007` and `SL4036` when it is not clear which store it watches.
pub(crate) async fn start(conn: &mut Conn, view: &Trigger<'_>, row: &TriggerRow, moment: i64) -> Result<(), Fault> {
    if row.started {
        return Ok(());
    }
    if view.pipelines()?.is_empty() {
        return Err(Fault::new(
            Code::TriggerInvalid,
            "the trigger names no pipeline, so it has nothing to start",
        ));
    }
    view.check_fires()?;
    let reached = match Definition::read(view, row.created)? {
        Definition::Schedule(_) | Definition::Never => moment,
        Definition::Tumbling(_) => row.reached,
        Definition::Arrivals(arrivals) => {
            watching::source(conn, &row.factory, view, &arrivals).await?;
            // By the machine's own clock: it is compared with the times of files.
            watches::begin(conn, &row.id, now()).await?;
            moment
        }
    };
    let row = TriggerRow {
        started: true,
        reached,
        due: Some(0),
        ..row.clone()
    };
    triggers::update(conn, &row).await
}

/// Stops a trigger. What runs goes on; windows that wait do so until it is started again. What is known of files is forgotten.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn stop(conn: &mut Conn, row: &TriggerRow) -> Result<(), Fault> {
    let row = TriggerRow {
        started: false,
        due: Some(0),
        ..row.clone()
    };
    watches::end(conn, &row.id).await?;
    triggers::update(conn, &row).await
}

/// Deletes a trigger that is stopped. What runs goes on, what waits is cancelled, and all that it fired can be looked at.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn delete(conn: &mut Conn, row: &TriggerRow) -> Result<(), Fault> {
    for mut run in trigger_runs::live(conn, &row.id).await? {
        abandoned(&mut run);
        trigger_runs::update(conn, &run).await?;
    }
    triggers::delete(conn, &row.id).await
}

/// Fires a trigger run once more: a window as soon as it may, a scheduled time at once. The runs that have to be advanced.
///
/// # Errors
/// `SL4034` for one that is not over.
pub(crate) async fn rerun(
    conn: &mut Conn,
    factory: &FactoryRow,
    name: &str,
    view: &Trigger<'_>,
    mut row: TriggerRunRow,
    moment: i64,
) -> Result<Vec<String>, Fault> {
    if !row.is_over() {
        let what = format!("the trigger run {} is not over: {}", row.id, row.status);
        return Err(Fault::new(Code::TriggerRunState, what));
    }
    if row.window.is_none() {
        let look = Look {
            factory,
            name,
            view: *view,
            moment,
            // Nothing is asked of a node here.
            online: &|_| false,
        };
        return schedule::start(conn, &look, &mut row).await;
    }
    row.status = WAITING.to_owned();
    row.message.clear();
    row.failures = 0;
    row.not_before = 0;
    row.asked = true;
    trigger_runs::update(conn, &row).await?;
    triggers::ring(conn, &row.trigger).await?;
    Ok(Vec::new())
}

/// Cancels a trigger run: a window that waits is over at once, what runs is asked to stop. The runs that have to be advanced.
///
/// # Errors
/// `SL4034` when nothing of it waits or runs.
pub(crate) async fn cancel(conn: &mut Conn, mut row: TriggerRunRow) -> Result<Vec<String>, Fault> {
    if row.window.is_some() && !row.is_over() && row.status != RUNNING {
        row.status = CANCELLED.to_owned();
        row.message = "the window was cancelled".to_owned();
        trigger_runs::update(conn, &row).await?;
        triggers::ring(conn, &row.trigger).await?;
        return Ok(Vec::new());
    }
    let mut asked = Vec::new();
    for (_, run) in stored::<Object>("the pipelines of a trigger run", &row.pipelines)? {
        let run = runs::find(conn, &row.factory, run.as_str().unwrap_or_default()).await?;
        if let Some(run) = run.filter(|run| !run.is_over()) {
            asked.extend(cancel_run(conn, &run.id, true).await?);
        }
    }
    if asked.is_empty() {
        let what = format!("the trigger run {} is over: {}", row.id, row.status);
        return Err(Fault::new(Code::TriggerRunState, what));
    }
    Ok(asked)
}

//! What the end of a pipeline run means to the window that it was for.

use super::keep::Look;
use crate::state::Conn;
use crate::state::runs::RunRow;
use crate::state::trigger_runs::{self, CANCELLED, FAILED, SUCCEEDED, TriggerRunRow, WAITING};
use crate::state::triggers;
use sluice_contract::Fault;
use sluice_schedule::{Retry, Tumbling};

/// A run is over: its window is told, in the transaction that ends the run, and the scheduler is rung.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn run_ended(conn: &mut Conn, run: &RunRow, status: &str, message: &str) -> Result<(), Fault> {
    if run.parent.is_some() {
        return Ok(());
    }
    let Some(mut row) = trigger_runs::of_run(conn, &run.id).await? else {
        return Ok(());
    };
    row.message = message.to_owned();
    if triggers::ring(conn, &row.trigger).await? {
        row.outcome = Some(status.to_owned());
    } else {
        // The trigger was deleted meanwhile: nobody tries again.
        row.status = status.to_owned();
    }
    trigger_runs::update(conn, &row).await
}

/// Ends the windows whose runs are over, or has them tried again; those that are over are taken out.
pub(super) async fn settle(
    conn: &mut Conn,
    look: &Look<'_>,
    tumbling: &Tumbling,
    live: &mut Vec<TriggerRunRow>,
) -> Result<(), Fault> {
    let mut succeeded = false;
    for row in live.iter_mut() {
        let Some(outcome) = row.outcome.take() else { continue };
        match outcome.as_str() {
            SUCCEEDED => {
                row.message.clear();
                row.status = outcome;
                succeeded = true;
            }
            CANCELLED => row.status = outcome,
            _ => {
                let message = std::mem::take(&mut row.message);
                failed(row, &tumbling.retry, message, look.moment);
            }
        }
        trigger_runs::update(conn, row).await?;
    }
    live.retain(|row| !row.is_over());
    if succeeded {
        triggers::ring_those_that_wait(conn, &look.factory.id).await?;
    }
    Ok(())
}

/// A window's run failed, or could not be started: it is tried again as the trigger's policy says.
pub(super) fn failed(row: &mut TriggerRunRow, retry: &Retry, message: String, moment: i64) {
    row.failures += 1;
    row.message = message;
    if row.failures <= retry.count {
        row.status = WAITING.to_owned();
        row.not_before = moment.saturating_add(retry.interval.num_microseconds().unwrap_or_default());
    } else {
        tracing::info!(trigger = row.name, window = ?row.window, "A window failed");
        row.status = FAILED.to_owned();
    }
}

/// The state of a window whose trigger goes away.
pub(super) fn abandoned(row: &mut TriggerRunRow) {
    match row.outcome.take() {
        Some(outcome) => row.status = outcome,
        None if row.status == trigger_runs::RUNNING => {}
        None => {
            row.status = CANCELLED.to_owned();
            row.message = "the trigger was deleted".to_owned();
        }
    }
}

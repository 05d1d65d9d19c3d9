//! Runs, as rows.

use super::format::{ago, span, state};
use super::progress;
use crate::app::App;
use crate::state::runs::RunRow;
use crate::state::{jobs, runs};
use crate::wire::now;
use maud::{Markup, html};
use sluice_contract::Fault;
use sluice_contract::job::CopyProgress;

/// How many runs the first page shows.
pub(super) const SHOWN: i64 = 25;

/// A run with how far its jobs are.
pub(super) struct Run {
    pub(super) row: RunRow,
    progress: Option<(CopyProgress, f64)>,
}

/// The newest runs.
///
/// # Errors
/// `SL9001`.
pub(super) async fn load(app: &App) -> Result<Vec<Run>, Fault> {
    let mut conn = app.state.read().await?;
    let mut all = Vec::new();
    for row in runs::latest(&mut conn, SHOWN).await? {
        let mut progress = None;
        if row.ended.is_none() {
            for job in jobs::live_of_run(&mut conn, &row.id).await? {
                let live = app.live.job(&job.id).map(|live| (live.progress, live.rate));
                let stored = || job.progress.as_deref().and_then(|text| serde_json::from_str(text).ok());
                let next = live
                    // A node that went to another replica is heard there.
                    .filter(|_| {
                        job.state.is_held()
                            && job
                                .node
                                .as_deref()
                                .is_some_and(|node| app.line.is_connected(&node.into()))
                    })
                    .or_else(|| stored().map(|p| (p, 0.0)));
                progress = match (progress, next) {
                    (Some(sum), Some(next)) => Some(add(sum, &next)),
                    (one, other) => one.or(other),
                };
            }
        }
        all.push(Run { row, progress });
    }
    Ok(all)
}

/// Two copies of one run, seen as one.
fn add((mut sum, rate): (CopyProgress, f64), (next, more): &(CopyProgress, f64)) -> (CopyProgress, f64) {
    sum.rows_read += next.rows_read;
    sum.rows_written += next.rows_written;
    sum.bytes_read += next.bytes_read;
    sum.bytes_written += next.bytes_written;
    sum.rows_expected = sum.rows_expected.zip(next.rows_expected).map(|(a, b)| a + b);
    sum.partitions += next.partitions;
    sum.partitions_done += next.partitions_done;
    (sum, rate + more)
}

/// The id of a run's row.
pub(super) fn row_id(run: &Run) -> String {
    format!("run-{}", run.row.id)
}

/// A run's row.
pub(super) fn row(run: &Run) -> Markup {
    let row = &run.row;
    let lasted = row.ended.unwrap_or_else(now) - row.started;
    html! {
        tr id=(row_id(run)) data-state=(row.status) {
            td { a href={ "/runs/" (row.id) } { (row.pipeline) } small.mono { (row.id) } }
            td { (state(&row.status)) }
            td.wide {
                @match &run.progress {
                    Some((how_far, rate)) => (progress::bar(how_far, *rate)),
                    None if row.status == "Failed" => span.bad { (shorten(&row.message)) },
                    None if row.ended.is_none() => span.faint { "Waiting for a gateway" },
                    None => {},
                }
            }
            td { (ago(row.started)) }
            td.number { (span(lasted)) }
        }
    }
}

/// Long messages are on the run's own page.
fn shorten(message: &str) -> String {
    if message.chars().count() <= 160 {
        return message.to_owned();
    }
    message.chars().take(160).chain(['…']).collect()
}

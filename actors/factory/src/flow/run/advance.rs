//! Takes a run as far as it goes: starts what may start, skips what never will, ends scopes and the run.
//!
//! It may be called at any time and any number of times.

use super::begin::{begin, skip};
use super::ended::{end_run, scope_is_over, scope_is_wrong};
use super::graph::{self, Decision, Progress};
use super::running::Running;
use crate::state::scopes::{self, ScopeRow, ScopeState};
use crate::state::{Conn, activities, jobs, runs};
use sluice_contract::Fault;
use std::collections::HashMap;

/// How many activities are started in one transaction: others want to write, too.
pub(crate) const PORTION: usize = 100;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Advanced {
    /// There is more to do in this run.
    pub(crate) more: bool,
    /// Other runs that have something to do now.
    pub(crate) ring: Vec<String>,
    /// The run is over.
    pub(super) over: bool,
}

/// Advances one run by a portion. The caller commits, then rings.
///
/// # Errors
/// `SL9001`; what is wrong with the pipeline ends the run instead.
pub(crate) async fn advance(conn: &mut Conn, run: &str, portion: usize) -> Result<Advanced, Fault> {
    let mut advanced = Advanced::default();
    let Some(running) = Running::load(conn, run).await? else {
        return Ok(advanced);
    };
    let row = &running.run;
    if row.is_over() {
        return Ok(advanced);
    }
    if row.status == "Queued" && !row.cancel {
        if runs::has_to_wait(conn, row).await? {
            return Ok(advanced);
        }
        runs::set_status(conn, &row.id, "InProgress").await?;
    }
    let mut started = 0;
    while started < portion && !advanced.over {
        let Some(scope) = scopes::take_dirty(conn, &row.id).await? else {
            break;
        };
        started += 1 + look_at(conn, &running, &scope, &mut advanced).await?;
    }
    if !advanced.over && row.cancel && jobs::live_of_run(conn, &row.id).await?.is_empty() {
        // Whatever is not over waits for something that will not come any more.
        activities::cancel_all(conn, &row.id).await?;
        scopes::cancel_all(conn, &row.id).await?;
        end_run(conn, row, "Cancelled", "The run was cancelled", &mut advanced).await?;
    }
    advanced.more = !advanced.over && scopes::is_dirty(conn, &row.id).await?;
    runs::touch(conn, &row.id).await?;
    Ok(advanced)
}

/// Takes one scope as far as it goes. How many activities were started or skipped.
async fn look_at(
    conn: &mut Conn,
    running: &Running,
    scope: &ScopeRow,
    advanced: &mut Advanced,
) -> Result<usize, Fault> {
    if scope.state != ScopeState::Open {
        return Ok(0);
    }
    let read = running.activities(scope).and_then(|list| {
        let steps = graph::steps(&list)?;
        Ok((list, steps))
    });
    let (list, steps) = match read {
        Ok(read) => read,
        Err(fault) => {
            scope_is_wrong(conn, running, scope, &fault, advanced).await?;
            return Ok(0);
        }
    };
    let statuses = activities::statuses(conn, &scope.id).await?;
    let known = statuses.into_iter().map(|(name, status)| (name, Progress::of(&status)));
    let mut done: HashMap<String, Progress> = known.collect();
    let mut count = 0;
    loop {
        if graph::is_over(&steps, &done) {
            scope_is_over(conn, running, scope, &graph::failed(&steps, &done), advanced).await?;
            return Ok(count);
        }
        if running.run.cancel {
            return Ok(count);
        }
        let decisions = graph::decide(&steps, &done);
        if decisions.is_empty() {
            return Ok(count);
        }
        for (place, decision) in decisions {
            // Steps and activities have the same order.
            let (Some(activity), Some(step)) = (list.get(place), steps.get(place)) else {
                continue;
            };
            let progress = match decision {
                Decision::Skip => skip(conn, scope, place, activity).await?,
                Decision::Start => begin(conn, running, scope, place, activity, &mut advanced.ring).await?,
            };
            done.insert(step.name.clone(), progress);
            count += 1;
        }
    }
}

//! Until: its activities again and again, until an expression is true or the time is over.
//!
//! An iteration that fails does not stop it, as in Data Factory; it ends as its last iteration did.

use super::value::{property, required, truth, wrong};
use super::{Beginning, Begun, Next, nested};
use crate::flow::eval::World;
use crate::flow::failure;
use crate::flow::run::{Running, stop_below};
use crate::state::activities::{self, ActivityRow};
use crate::state::scopes::{self, ScopeRow, ScopeState};
use crate::state::{Conn, json as json_text};
use crate::wire::{micros, now};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sluice_contract::document::timespan;
use sluice_contract::{Code, Fault};
use std::time::Duration;

/// Data Factory's default and its maximum.
const DEFAULT: Duration = Duration::from_secs(7 * 86_400);
const LONGEST: Duration = Duration::from_secs(90 * 86_400);
/// From this iteration on there is a pause before each: a condition that never comes true must not fill the database as
/// fast as it can.
const PATIENCE: i64 = 100;
const PAUSE: Duration = Duration::from_secs(1);

/// What it remembers.
#[derive(Serialize, Deserialize)]
struct Memo {
    /// When its time is over.
    deadline: i64,
    /// Where the activity stands in the pipeline.
    path: String,
    /// Whether the next iteration waits for its moment.
    pausing: bool,
}

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    required(activity, "expression")?;
    let timeout = match property(activity, "timeout") {
        None => DEFAULT,
        Some(given) => given
            .as_str()
            .and_then(timespan)
            .filter(|timeout| *timeout <= LONGEST)
            .ok_or_else(|| wrong(activity, "timeout", "a time span of at most 90 days", given))?,
    };
    let path = nested::list(&beginning.path, activity, "activities").ok_or_else(|| {
        let what = format!("activity {}: it has no activities", activity.name());
        Fault::new(Code::PipelineInvalid, what)
    })?;
    let memo = Memo {
        deadline: now().saturating_add(micros(timeout)),
        path: beginning.path.clone(),
        pausing: false,
    };
    Ok(Begun::Nested {
        scopes: vec![nested::scope(beginning.scope, beginning.id, 0, path)],
        due: Some(memo.deadline),
        memo: json!(memo),
    })
}

pub(super) async fn scope_ended(
    conn: &mut Conn,
    running: &Running,
    row: &ActivityRow,
    scope: &ScopeRow,
) -> Result<Next, Fault> {
    let memo = memo(row)?;
    if holds(conn, running, scope, &memo).await? {
        return nested::only_one_ended(scope);
    }
    if scope.iteration + 1 < PATIENCE {
        again(conn, scope).await?;
        return Ok(Next::GoesOn);
    }
    let due = now().saturating_add(micros(PAUSE)).min(memo.deadline);
    let pausing = Memo { pausing: true, ..memo };
    activities::remember(conn, &row.id, Some(due), &json_text(&pausing)?).await?;
    Ok(Next::GoesOn)
}

/// The expression sees what ran in the iteration that has just ended.
async fn holds(conn: &mut Conn, running: &Running, scope: &ScopeRow, memo: &Memo) -> Result<bool, Fault> {
    let activity = running.activity(&memo.path)?;
    let expression = required(activity, "expression")?;
    let about = format!("activity {}, `expression`", activity.name());
    let mut world = World::new(running, scope);
    let value = world.evaluate(conn, &about, expression, &|_| false).await?;
    truth(activity, "expression", &value)
}

/// The next iteration begins.
async fn again(conn: &mut Conn, last: &ScopeRow) -> Result<(), Fault> {
    let iteration = last.iteration + 1;
    let container = last.container.clone().unwrap_or_default();
    let next = ScopeRow {
        id: format!("{container}/{iteration}"),
        iteration,
        state: ScopeState::Open,
        error: None,
        ..last.clone()
    };
    scopes::insert(conn, &next).await
}

/// Its pause is over, or its time.
pub(super) async fn time_has_come(conn: &mut Conn, row: &ActivityRow, moment: i64) -> Result<Next, Fault> {
    let memo = memo(row)?;
    if moment >= memo.deadline {
        stop_below(conn, &row.id).await?;
        let fault = Fault::new(Code::TimedOut, "its expression did not come true within its timeout");
        return Ok(Next::Failed(failure::error(&row.name, &fault)));
    }
    if memo.pausing
        && let Some(last) = scopes::last(conn, &row.id).await?
    {
        again(conn, &last).await?;
    }
    let memo = Memo { pausing: false, ..memo };
    activities::remember(conn, &row.id, Some(memo.deadline), &json_text(&memo)?).await?;
    Ok(Next::GoesOn)
}

fn memo(row: &ActivityRow) -> Result<Memo, Fault> {
    serde_json::from_str(row.memo.as_deref().unwrap_or("null"))
        .map_err(|error| Fault::new(Code::Internal, format!("what the activity remembers: {error}")))
}

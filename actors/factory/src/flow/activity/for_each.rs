//! ForEach: its activities once for each item, several items at a time.
//!
//! Every item is a scope from the beginning; those whose turn has not come wait. An iteration that fails does not stop
//! the others.

use super::value::{items, property, truth, wrong};
use super::{Beginning, Begun, Next, nested};
use crate::state::activities::ActivityRow;
use crate::state::scopes::{self, ScopeRow, ScopeState};
use crate::state::{Conn, json as json_text};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};

/// How many iterations run at a time when the activity does not say.
const BATCH: i64 = 20;
/// The most that it may say.
const LARGEST_BATCH: i64 = 50;
/// The most items.
const MOST_ITEMS: usize = 100_000;

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let items = items(activity, "items")?;
    if items.len() > MOST_ITEMS {
        let what = format!(
            "activity {}: there are {} items, and at most {MOST_ITEMS} may be",
            activity.name(),
            items.len()
        );
        return Err(Fault::new(Code::ActivityValue, what));
    }
    let batch = batch(beginning)?;
    let path = match nested::list(&beginning.path, activity, "activities") {
        Some(path) if !items.is_empty() => path,
        _ => return Ok(Begun::Ended(json!({}))),
    };
    let iteration = |(place, item): (i64, &Value)| {
        let mut scope = nested::scope(beginning.scope, beginning.id, place, path.clone());
        if place >= batch {
            scope.state = ScopeState::Waiting;
        }
        scope.item = Some(json_text(item)?);
        scope.item_scope = Some(scope.id.clone());
        Ok(scope)
    };
    let scopes: Vec<ScopeRow> = (0..).zip(items).map(iteration).collect::<Result<_, Fault>>()?;
    Ok(Begun::Nested {
        scopes,
        due: None,
        memo: json!({}),
    })
}

fn batch(beginning: &Beginning<'_, '_>) -> Result<i64, Fault> {
    let activity = beginning.activity;
    if let Some(sequential) = property(activity, "isSequential")
        && truth(activity, "isSequential", sequential)?
    {
        return Ok(1);
    }
    let Some(given) = property(activity, "batchCount") else {
        return Ok(BATCH);
    };
    let count = match given {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    count
        .filter(|count| (1..=LARGEST_BATCH).contains(count))
        .ok_or_else(|| wrong(activity, "batchCount", "a number from 1 to 50", given))
}

pub(super) async fn scope_ended(conn: &mut Conn, row: &ActivityRow) -> Result<Next, Fault> {
    if scopes::open_next(conn, &row.id).await? {
        return Ok(Next::GoesOn);
    }
    if scopes::first(conn, &row.id, ScopeState::Open).await?.is_some() {
        return Ok(Next::GoesOn);
    }
    match scopes::first(conn, &row.id, ScopeState::Failed).await? {
        Some(failed) => Ok(Next::Failed(nested::because_of(&failed)?)),
        None => Ok(Next::Succeeded(json!({}))),
    }
}

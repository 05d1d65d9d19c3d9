//! What a window waits for: windows of other triggers, and earlier ones of its own.

use super::clock::{micros, moment, text};
use super::definition::Definition;
use super::keep::Look;
use crate::state::documents::{self, DocumentKind};
use crate::state::trigger_runs::{self, FAILED, RUNNING, SUCCEEDED, WAITING, WindowState};
use crate::state::triggers;
use crate::state::{Conn, json, stored};
use serde_json::{Value, json as value};
use sluice_contract::document::Trigger;
use sluice_contract::{Fault, Object};
use sluice_schedule::{Dependency, On, Tumbling, Window, Windows};
use std::collections::HashMap;

/// So many windows that are waited for are named.
const NAMED: usize = 10;

/// Answers for all windows of one trigger; what it has found out about other triggers it keeps.
pub(super) struct Waits<'a> {
    look: &'a Look<'a>,
    tumbling: &'a Tumbling,
    itself: &'a str,
    others: HashMap<String, Option<(String, Windows)>>,
}

/// Whether a window may run.
pub(super) struct Found {
    pub(super) met: bool,
    /// `dependencyStatus`, JSON.
    pub(super) text: String,
}

impl<'a> Waits<'a> {
    pub(super) fn new(look: &'a Look<'a>, tumbling: &'a Tumbling, itself: &'a str) -> Self {
        Self {
            look,
            tumbling,
            itself,
            others: HashMap::new(),
        }
    }

    /// Looks at what a window depends on: every window that its spans touch has to have succeeded.
    pub(super) async fn of(&mut self, conn: &mut Conn, (start, end): (i64, i64)) -> Result<Found, Fault> {
        let window = Window {
            number: 0,
            start: moment(start),
            end: moment(end),
        };
        let (mut met, mut told) = (true, Object::new());
        for dependency in &self.tumbling.depends_on {
            let (name, found) = match &dependency.on {
                On::Itself => {
                    let own = (self.itself.to_owned(), self.tumbling.windows);
                    (self.look.name.to_owned(), Some(own))
                }
                On::Trigger(name) => (name.clone(), self.other(conn, name).await?),
            };
            let (done, what) = match found {
                Some((id, windows)) => one(conn, dependency, window, &id, &windows).await?,
                None => (false, value!({ "status": "NotFound" })),
            };
            met &= done;
            told.insert(name, what);
        }
        Ok(Found {
            met,
            text: json(&told)?,
        })
    }

    /// Another trigger's id and windows.
    async fn other(&mut self, conn: &mut Conn, name: &str) -> Result<Option<(String, Windows)>, Fault> {
        if let Some(known) = self.others.get(name) {
            return Ok(known.clone());
        }
        let factory = &self.look.factory.id;
        let row = triggers::find(conn, factory, name).await?;
        let document = documents::find(conn, factory, DocumentKind::Trigger, name).await?;
        let mut found = None;
        if let (Some(row), Some(document)) = (row, document) {
            let body: Value = stored("a trigger", &document.body)?;
            if let Definition::Tumbling(tumbling) = Definition::read(&Trigger::view(&body)?, row.created)? {
                found = Some((row.id, tumbling.windows));
            }
        }
        self.others.insert(name.to_owned(), found.clone());
        Ok(found)
    }
}

/// Whether all windows of a dependency have succeeded, and what is told of them.
async fn one(
    conn: &mut Conn,
    dependency: &Dependency,
    window: Window,
    id: &str,
    windows: &Windows,
) -> Result<(bool, Value), Fault> {
    let numbers = dependency
        .span(window)
        .map_or(0..0, |(from, to)| windows.overlapping(from, to));
    let ends = (windows.window(numbers.start), windows.window(numbers.end - 1));
    // Before the first window there is nothing to wait for.
    let (false, (Some(first), Some(last))) = (numbers.is_empty(), ends) else {
        return Ok((true, value!({ "status": SUCCEEDED, "windows": [] })));
    };
    let states = trigger_runs::windows(conn, id, micros(first.start), micros(last.end)).await?;
    // Those that another startTime made are none of these.
    let is_one = |state: &&WindowState| {
        let number = windows.number_at(moment(state.start));
        let window = number.and_then(|number| windows.window(number));
        window.is_some_and(|window| (micros(window.start), micros(window.end)) == (state.start, state.end))
    };
    let states: Vec<&WindowState> = states.iter().filter(is_one).collect();
    let done = states.iter().filter(|state| state.status == SUCCEEDED).count();
    let wanted = numbers.end - numbers.start;
    let met = i64::try_from(done).is_ok_and(|done| done == wanted);
    let any = |status: &str| states.iter().any(|state| state.status == status);
    let status = match () {
        () if met => SUCCEEDED,
        () if any(FAILED) => FAILED,
        () if any(RUNNING) => RUNNING,
        () => WAITING,
    };
    let open = states.iter().filter(|state| state.status != SUCCEEDED).take(NAMED);
    let open: Vec<Value> = open
        .map(|state| value!({ "windowStartTime": text(state.start), "windowEndTime": text(state.end), "status": state.status }))
        .collect();
    let told = value!({ "status": status, "succeeded": done, "of": wanted, "windows": open });
    Ok((met, told))
}

//! What each type of activity does when it begins, when its inner activities have ended, and when its time has come. One
//! module per type that the factory runs itself; the others become jobs of a gateway.

mod append_variable;
mod execute_pipeline;
mod fail;
mod filter;
mod for_each;
mod if_condition;
mod nested;
mod set_variable;
mod switch;
mod until;
mod value;
mod wait;
mod web;

pub(crate) use execute_pipeline::child_ended;
pub(crate) use nested::{inner_failure, input};
pub(crate) use web::called_back;

use super::eval::World;
use super::plan::{self, Planned, Work};
use super::run::Running;
use crate::state::Conn;
use crate::state::activities::ActivityRow;
use crate::state::scopes::ScopeRow;
use crate::state::web_calls::CallRow;
use serde_json::{Value, json};
use sluice_contract::document::Activity;
use sluice_contract::{Code, Fault};

/// An activity that begins.
pub(crate) struct Beginning<'a, 'w> {
    pub(crate) world: &'a mut World<'w>,
    pub(crate) running: &'w Running,
    pub(crate) scope: &'a ScopeRow,
    /// The id of the activity run.
    pub(crate) id: &'a str,
    /// The activity; there are values where there were expressions.
    pub(crate) activity: Activity<'a>,
    /// Where it stands in the pipeline: a JSON pointer.
    pub(crate) path: String,
    /// Runs that have something to do because of it.
    pub(crate) ring: &'a mut Vec<String>,
}

/// What came of it.
pub(crate) enum Begun {
    /// It has succeeded, with this output.
    Ended(Value),
    /// It has failed, with this error.
    Failed(Value),
    /// Something ends it later: its time comes (`due`), or a run ends.
    Waiting { due: Option<i64>, memo: Value },
    /// Its inner activities are to run.
    Nested {
        scopes: Vec<ScopeRow>,
        due: Option<i64>,
        memo: Value,
    },
    /// The factory calls a web address.
    Call {
        call: Box<CallRow>,
        due: Option<i64>,
        memo: Value,
    },
    /// A gateway does it.
    Job(Box<Planned>),
}

/// What comes of the end of an inner scope, or of a moment.
pub(crate) enum Next {
    /// It goes on.
    GoesOn,
    /// It has succeeded, with this output.
    Succeeded(Value),
    /// It has failed, with this error.
    Failed(Value),
}

/// Whether a member of an activity is left as it is when the activity begins: what it is called, and what has a time of
/// its own.
pub(crate) fn is_left(kind: &str, path: &[String]) -> bool {
    const NAMES: &[&str] = &["name", "type", "description", "dependsOn", "state", "onInactiveMarkAs"];
    let is = |part: &String, names: &[&str]| names.iter().any(|name| part.eq_ignore_ascii_case(name));
    match path {
        [member] => is(member, NAMES),
        [properties, member] if is(properties, &["typeProperties"]) => {
            is(member, nested::LISTS)
                || (kind == "Until" && is(member, &["expression"]))
                || (kind == "Filter" && is(member, &["condition"]))
        }
        _ => false,
    }
}

/// Begins an activity.
///
/// # Errors
/// What is wrong with it: it has failed then. `SL9001`: nothing happened.
pub(crate) async fn begin(conn: &mut Conn, beginning: &mut Beginning<'_, '_>) -> Result<Begun, Fault> {
    match beginning.activity.kind() {
        "SetVariable" => set_variable::begin(conn, beginning).await,
        "AppendVariable" => append_variable::begin(conn, beginning).await,
        "Wait" => wait::begin(beginning),
        "Fail" => fail::begin(beginning),
        "Filter" => filter::begin(conn, beginning).await,
        "IfCondition" => if_condition::begin(beginning),
        "Switch" => switch::begin(beginning),
        "ForEach" => for_each::begin(beginning),
        "Until" => until::begin(beginning),
        "ExecutePipeline" => execute_pipeline::begin(conn, beginning).await,
        "WebActivity" if web::is_ours(beginning.activity) => web::begin(beginning),
        "WebHook" => web::begin_hook(beginning),
        _ => {
            let work = Work {
                run: &beginning.running.run,
                activity: beginning.activity,
                activity_run: beginning.id,
            };
            let planned = plan::plan(conn, &work).await?;
            Ok(Begun::Job(Box::new(planned)))
        }
    }
}

/// An inner scope of a container has ended.
///
/// # Errors
/// What is wrong with the container: it has failed then. `SL9001`.
pub(crate) async fn scope_ended(
    conn: &mut Conn,
    running: &Running,
    row: &ActivityRow,
    scope: &ScopeRow,
) -> Result<Next, Fault> {
    match row.kind.as_str() {
        "ForEach" => for_each::scope_ended(conn, row).await,
        "Until" => until::scope_ended(conn, running, row, scope).await,
        _ => nested::only_one_ended(scope),
    }
}

/// The time of an activity has come at this moment.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn time_has_come(conn: &mut Conn, row: &ActivityRow, moment: i64) -> Result<Next, Fault> {
    match row.kind.as_str() {
        "Wait" => Ok(Next::Succeeded(json!({}))),
        "Until" => until::time_has_come(conn, row, moment).await,
        "WebHook" => Ok(web::time_has_come(row)),
        other => {
            let what = format!("an activity of type {other} has no time of its own");
            Err(Fault::new(Code::Internal, what))
        }
    }
}

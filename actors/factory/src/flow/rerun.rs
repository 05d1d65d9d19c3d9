//! Repeating a run, as a whole or from where it failed: what need not run again keeps its result.

use super::run::graph::{self, Progress, Step};
use super::start::{Facts, InvokedBy, NewRun, Origin, start, start_from};
use crate::state::activities::{self, ActivityRow};
use crate::state::factories::FactoryRow;
use crate::state::runs::{self, RunRow};
use crate::state::{Conn, json, stored, variables};
use serde_json::{Value, json};
use sluice_contract::document::{Pipeline, member};
use sluice_contract::{Code, Fault, Object};
use std::collections::{HashMap, HashSet};

/// What a client wants repeated.
#[derive(Clone, Debug)]
pub(crate) struct Rerun {
    /// The run whose parameters are used.
    pub(crate) of: String,
    /// Whether the new run is one more attempt of that one, and in its group.
    pub(crate) recovery: bool,
    /// From where a recovery runs again.
    pub(crate) from: From,
}

/// From where a recovery runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Beginning,
    /// The activity of this name, and all that depends on it.
    Activity(String),
    /// What made the run fail, and all that depends on it.
    Failure,
}

/// Starts a run that repeats another one. The caller commits and rings.
///
/// # Errors
/// `SL4023` when that cannot be; else as [`start`].
pub(crate) async fn rerun(
    conn: &mut Conn,
    factory: &FactoryRow,
    pipeline: &str,
    given: Object,
    rerun: Rerun,
) -> Result<RunRow, Fault> {
    let wrong = |what: String| Fault::new(Code::RerunInvalid, what);
    let old = runs::find(conn, &factory.id, &rerun.of).await?;
    let old = old.ok_or_else(|| wrong(format!("there is no run {} to repeat", rerun.of)))?;
    if !old.pipeline.eq_ignore_ascii_case(pipeline) {
        return Err(wrong(format!(
            "the run {} is one of the pipeline {}",
            old.id, old.pipeline
        )));
    }
    let facts: Facts = stored("a run's facts", &old.facts)?;
    let mut parameters = given;
    for (name, value) in stored::<Object>("a run's parameters", &old.parameters)? {
        if member(&parameters, &name).is_none() {
            parameters.insert(name, value);
        }
    }
    let new = NewRun {
        pipeline: pipeline.to_owned(),
        parameters,
        invoked_by: InvokedBy::manual(),
        trigger: facts.trigger,
    };
    if !rerun.recovery {
        return start(conn, factory, new).await;
    }
    if !old.is_over() {
        return Err(wrong(format!("the run {} is not over", old.id)));
    }
    let origin = Origin {
        repeats: Some(old.clone()),
        ..Origin::default()
    };
    let row = start_from(conn, factory, new, origin).await?;
    if rerun.from != From::Beginning {
        take_over(conn, &old, &row, &rerun.from).await?;
    }
    Ok(row)
}

/// Gives the new run the results of what does not run again.
async fn take_over(conn: &mut Conn, old: &RunRow, new: &RunRow, from: &From) -> Result<(), Fault> {
    let Some((_, body)) = runs::with_pipeline(conn, &new.id).await? else {
        return Ok(());
    };
    let body: Value = stored("a run's pipeline", &body)?;
    let steps = graph::steps(Pipeline::view(&body)?.activities())?;
    let mut rows: HashMap<String, ActivityRow> = activities::of_scope(conn, &old.id)
        .await?
        .into_iter()
        .map(|row| (row.name.to_lowercase(), row))
        .collect();
    let again = again(&steps, &rows, from)?;
    for (place, step) in steps
        .iter()
        .enumerate()
        .filter(|(_, step)| !again.contains(step.name.as_str()))
    {
        let Some(row) = rows.remove(&step.name) else { continue };
        let taken = ActivityRow {
            id: uuid::Uuid::now_v7().to_string(),
            run: new.id.clone(),
            scope: new.id.clone(),
            position: i64::try_from(place).unwrap_or(i64::MAX),
            memo: Some(json(&json!({ "takenFrom": old.id }))?),
            ..row
        };
        activities::insert(conn, &taken).await?;
    }
    variables::copy(conn, &old.id, &new.id).await?;
    if let Some(value) = &old.return_value {
        runs::set_return_value(conn, &new.id, value).await?;
    }
    Ok(())
}

/// The names of the steps that run again: where it starts, and whatever waits for one of them.
fn again<'a>(steps: &'a [Step], rows: &HashMap<String, ActivityRow>, from: &From) -> Result<HashSet<&'a str>, Fault> {
    let done: HashMap<String, Progress> = rows
        .iter()
        .map(|(name, row)| (name.clone(), Progress::of(&row.status)))
        .collect();
    let starts: Vec<&str> = match from {
        From::Beginning => return Ok(steps.iter().map(|step| step.name.as_str()).collect()),
        From::Activity(name) => {
            let name = name.to_lowercase();
            let found = steps.iter().find(|step| step.name == name).ok_or_else(|| {
                let what = format!("the pipeline itself has no activity {name}; inner ones cannot be started from");
                Fault::new(Code::RerunInvalid, what)
            })?;
            vec![found.name.as_str()]
        }
        From::Failure => graph::failed(steps, &done),
    };
    // One that was stopped, or was not there yet, has no result to keep.
    let without = steps.iter().map(|step| step.name.as_str()).filter(|name| {
        !matches!(
            done.get(*name),
            Some(Progress::Succeeded | Progress::Failed | Progress::Skipped)
        )
    });
    let mut again: HashSet<&str> = starts.into_iter().chain(without).collect();
    loop {
        let before = again.len();
        for step in steps {
            if step.waits_for.iter().any(|on| again.contains(on.activity.as_str())) {
                again.insert(&step.name);
            }
        }
        if again.len() == before {
            return Ok(again);
        }
    }
}

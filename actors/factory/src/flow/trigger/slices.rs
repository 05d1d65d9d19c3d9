//! Slices: the windows of those triggers whose pipelines make a dataset, in the words of Data Factory v1.

use super::clock::{micros, moment, text};
use super::definition::Definition;
use super::ended::abandoned;
use crate::state::documents::{self, DocumentKind};
use crate::state::trigger_runs::{
    self, CANCELLED, FAILED, RUNNING, SUCCEEDED, TriggerRunRow, WAITING, WAITING_ON_DEPENDENCY,
};
use crate::state::triggers::{self, TriggerRow};
use crate::state::{Conn, stored};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sluice_contract::document::{Reference, Trigger, member};
use sluice_contract::{Code, Fault, Object};
use sluice_schedule::{On, Tumbling, Window};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// More slices than this are not told at once.
const MOST: i64 = 2_000;
/// The message of a window that somebody had skipped.
const SKIPPED: &str = "the slice was skipped";

/// What a slice is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It is made again.
    Waiting,
    Ready,
    Failed,
    Skipped,
}

impl Wanted {
    /// Reads v1's word; `PendingExecution` is what 2014 called `Waiting`.
    pub(crate) fn read(word: &str) -> Option<Self> {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        match () {
            () if is("Waiting") || is("PendingExecution") => Some(Self::Waiting),
            () if is("Ready") => Some(Self::Ready),
            () if is("Failed") => Some(Self::Failed),
            () if is("Skipped") || is("Skip") => Some(Self::Skipped),
            () => None,
        }
    }
}

/// A trigger whose windows are slices of a dataset.
struct Maker {
    row: TriggerRow,
    name: String,
    pipeline: String,
    tumbling: Tumbling,
    /// It reads the dataset, which nobody here makes.
    reads: bool,
}

/// The slices of a dataset that share a moment with a span of time, the earliest first.
///
/// # Errors
/// `SL4005` for too long a span, `SL9001`.
pub(crate) async fn slices(
    conn: &mut Conn,
    factory: &str,
    dataset: &str,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    now: i64,
) -> Result<Vec<Value>, Fault> {
    let mut found = Vec::new();
    for maker in makers(conn, factory, dataset).await? {
        let numbers = maker.tumbling.windows.overlapping(from, to);
        if numbers.end.saturating_sub(numbers.start) > MOST {
            let what = format!("there are more than {MOST} slices of {dataset} within this time; ask for less of it");
            return Err(Fault::new(Code::DocumentInvalid, what));
        }
        let runs = rows(conn, &maker, &numbers).await?;
        for number in numbers {
            let Some(window) = maker.tumbling.windows.window(number) else {
                break;
            };
            let row = runs.iter().find(|row| row.window == Some(edges(window)));
            found.push((window.start, slice(&maker, window, row, now)));
        }
    }
    found.sort_by_key(|(start, _)| *start);
    Ok(found.into_iter().map(|(_, slice)| slice).collect())
}

/// Sets all slices of a dataset that lie within a span of time; how many. With `upstream` those that they are made of are made
/// again as well.
///
/// # Errors
/// `SL4038` when there is none, or one that was not made yet; `SL4034` for one that is being made.
pub(crate) async fn set(
    conn: &mut Conn,
    factory: &str,
    dataset: &str,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    wanted: Wanted,
    upstream: bool,
) -> Result<usize, Fault> {
    let mut count = 0;
    for maker in makers(conn, factory, dataset).await? {
        if maker.reads {
            continue;
        }
        let numbers = maker.tumbling.windows.overlapping(from, to);
        let runs = rows(conn, &maker, &numbers).await?;
        for number in numbers.clone() {
            let Some(window) = maker.tumbling.windows.window(number) else {
                break;
            };
            if window.start < from || window.end > to {
                continue;
            }
            let row = runs.iter().find(|row| row.window == Some(edges(window)));
            let row = row.ok_or_else(|| missing(dataset, &text(micros(window.start))))?;
            change(conn, row.clone(), wanted).await?;
            count += 1;
            if upstream && wanted == Wanted::Waiting {
                again(conn, factory, &maker, window).await?;
            }
        }
        triggers::ring(conn, &maker.row.id).await?;
    }
    if count == 0 {
        return Err(missing(dataset, &text(micros(from))));
    }
    triggers::ring_those_that_wait(conn, factory).await?;
    Ok(count)
}

fn missing(dataset: &str, start: &str) -> Fault {
    let what = format!("the slice of {dataset} from {start} on has not been made yet, or there is none");
    Fault::new(Code::SliceMissing, what)
}

/// Changes one window, as somebody wants it to be.
async fn change(conn: &mut Conn, mut row: TriggerRunRow, wanted: Wanted) -> Result<(), Fault> {
    if row.status == RUNNING {
        let what = format!("the slice of the window {} is being made; cancel its run first", row.id);
        return Err(Fault::new(Code::TriggerRunState, what));
    }
    row.outcome = None;
    row.message.clear();
    match wanted {
        Wanted::Waiting => {
            row.status = WAITING.to_owned();
            (row.failures, row.not_before, row.asked) = (0, 0, true);
        }
        Wanted::Ready => row.status = SUCCEEDED.to_owned(),
        Wanted::Failed => row.status = FAILED.to_owned(),
        Wanted::Skipped => {
            abandoned(&mut row);
            row.status = CANCELLED.to_owned();
            row.message = SKIPPED.to_owned();
        }
    }
    trigger_runs::update(conn, &row).await
}

/// Has the windows that one depends on made again, and those that they depend on.
async fn again(conn: &mut Conn, factory: &str, maker: &Maker, window: Window) -> Result<(), Fault> {
    let mut open = VecDeque::from([(maker.tumbling.clone(), window)]);
    let mut seen = HashSet::new();
    while let Some((tumbling, window)) = open.pop_front() {
        for dependency in &tumbling.depends_on {
            let (On::Trigger(name), Some((from, to))) = (&dependency.on, dependency.span(window)) else {
                continue;
            };
            let Some(other) = one(conn, factory, name).await? else {
                continue;
            };
            let numbers = other.tumbling.windows.overlapping(from, to);
            for row in rows(conn, &other, &numbers).await? {
                let Some(number) = row
                    .window
                    .and_then(|(start, _)| other.tumbling.windows.number_at(moment(start)))
                else {
                    continue;
                };
                let before = other.tumbling.windows.window(number);
                if seen.insert(row.id.clone()) && row.is_over() {
                    change(conn, row, Wanted::Waiting).await?;
                    open.extend(before.map(|before| (other.tumbling.clone(), before)));
                }
            }
            triggers::ring(conn, &other.row.id).await?;
        }
    }
    Ok(())
}

fn edges(window: Window) -> (i64, i64) {
    (micros(window.start), micros(window.end))
}

async fn rows(conn: &mut Conn, maker: &Maker, numbers: &std::ops::Range<i64>) -> Result<Vec<TriggerRunRow>, Fault> {
    let windows = &maker.tumbling.windows;
    match (windows.window(numbers.start), windows.window(numbers.end - 1)) {
        (Some(first), Some(last)) if !numbers.is_empty() => {
            trigger_runs::of_windows(conn, &maker.row.id, micros(first.start), micros(last.end)).await
        }
        _ => Ok(Vec::new()),
    }
}

/// What is told of a slice, in v1's words and in ours.
fn slice(maker: &Maker, window: Window, row: Option<&TriggerRunRow>, now: i64) -> Value {
    let (state, sub) = state(maker, window, row, now);
    let mut told = json!({
        "start": text(micros(window.start)),
        "end": text(micros(window.end)),
        "state": state,
        "subState": sub,
        "latencyStatus": "",
        "retryCount": row.map(|row| row.failures).unwrap_or_default(),
        "longRetryCount": 0,
        "external": maker.reads,
        "pipeline": maker.pipeline,
        "trigger": maker.name,
    });
    if let Some(row) = row.filter(|_| !maker.reads) {
        told["triggerRunId"] = row.id.as_str().into();
        told["runId"] = row.run.clone().into();
        told["message"] = row.message.as_str().into();
    }
    told
}

fn state(maker: &Maker, window: Window, row: Option<&TriggerRunRow>, now: i64) -> (&'static str, &'static str) {
    if maker.reads {
        return ("Ready", "");
    }
    let stopped = !maker.row.started;
    let Some(row) = row else {
        let due = maker.tumbling.ready(window).map(micros);
        return match due.is_some_and(|due| due <= now) {
            true if stopped => ("Waiting", "ActivityResume"),
            // So many windows are there at a time.
            true => ("Waiting", "ConcurrencyLimit"),
            false => ("Waiting", "ScheduleTime"),
        };
    };
    match row.status.as_str() {
        WAITING_ON_DEPENDENCY => ("Waiting", "DatasetDependencies"),
        WAITING if stopped && !row.asked => ("Waiting", "ActivityResume"),
        WAITING if row.failures > 0 => ("Waiting", "Retry"),
        WAITING => ("Waiting", "ConcurrencyLimit"),
        RUNNING => ("InProgress", ""),
        SUCCEEDED => ("Ready", ""),
        CANCELLED if row.message == SKIPPED => ("Skipped", ""),
        CANCELLED => ("Failed", "Canceled"),
        FAILED if row.message.contains("SliceValidation") => ("Failed", "Validation"),
        FAILED if row.message.contains(Code::TimedOut.as_str()) => ("Failed", "TimedOut"),
        FAILED => ("Failed", ""),
        _ => ("None", ""),
    }
}

/// The triggers whose windows are a dataset's slices: those whose pipelines write it, or else those whose pipelines read it.
async fn makers(conn: &mut Conn, factory: &str, dataset: &str) -> Result<Vec<Maker>, Fault> {
    let (mut write, mut read) = (BTreeSet::new(), BTreeSet::new());
    for row in documents::list(conn, factory, DocumentKind::Pipeline, "", i64::MAX).await? {
        let body: Value = stored("a pipeline", &row.body)?;
        if names(&body, "outputs", dataset) {
            write.insert(row.name.to_lowercase());
        } else if names(&body, "inputs", dataset) {
            read.insert(row.name.to_lowercase());
        }
    }
    let reads = write.is_empty();
    let wanted = if reads { read } else { write };
    let mut found = Vec::new();
    for row in documents::list(conn, factory, DocumentKind::Trigger, "", i64::MAX).await? {
        if let Some(mut maker) = one(conn, factory, &row.name).await?
            && wanted.contains(&maker.pipeline.to_lowercase())
        {
            maker.reads = reads;
            found.push(maker);
        }
    }
    Ok(found)
}

/// A trigger of windows.
async fn one(conn: &mut Conn, factory: &str, name: &str) -> Result<Option<Maker>, Fault> {
    let row = triggers::find(conn, factory, name).await?;
    let document = documents::find(conn, factory, DocumentKind::Trigger, name).await?;
    let Some((row, document)) = row.zip(document) else {
        return Ok(None);
    };
    let body: Value = stored("a trigger", &document.body)?;
    let view = Trigger::view(&body)?;
    let Definition::Tumbling(tumbling) = Definition::read(&view, row.created)? else {
        return Ok(None);
    };
    let pipelines = view.pipelines()?;
    Ok(pipelines.first().map(|pipeline| Maker {
        row,
        name: document.name,
        pipeline: pipeline.name.to_owned(),
        tumbling: *tumbling,
        reads: false,
    }))
}

/// Whether a pipeline names a dataset among the ends of an activity, however deep, or among those that v1's pipeline had.
fn names(value: &Value, end: &str, dataset: &str) -> bool {
    match value {
        Value::Object(object) => {
            is_end(object, end, dataset) || object.values().any(|inner| names(inner, end, dataset))
        }
        Value::Array(items) => items.iter().any(|inner| names(inner, end, dataset)),
        _ => false,
    }
}

fn is_end(object: &Object, end: &str, dataset: &str) -> bool {
    let items = member(object, end).and_then(Value::as_array);
    let mut named = items.into_iter().flatten().filter_map(Reference::view);
    named.any(|reference| reference.name.eq_ignore_ascii_case(dataset))
}

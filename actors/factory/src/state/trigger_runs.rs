//! Trigger runs: each time that a schedule fired, and each window.

use super::filter::{Columns, Filter, Value};
use super::{Conn, Db, DbRow};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A window whose time has come, and that has to wait for a place or for the pause behind a failure.
pub(crate) const WAITING: &str = "Waiting";
/// A window that waits for others.
pub(crate) const WAITING_ON_DEPENDENCY: &str = "WaitingOnDependency";
/// A window whose pipeline runs.
pub(crate) const RUNNING: &str = "Running";
/// Over: the window's pipeline succeeded, or what the schedule starts was started.
pub(crate) const SUCCEEDED: &str = "Succeeded";
/// Over.
pub(crate) const FAILED: &str = "Failed";
/// Over.
pub(crate) const CANCELLED: &str = "Cancelled";

/// A trigger run.
#[derive(Clone, Debug)]
pub(crate) struct TriggerRunRow {
    pub(crate) id: String,
    pub(crate) factory: String,
    pub(crate) trigger: String,
    /// The trigger's name.
    pub(crate) name: String,
    /// The trigger's type.
    pub(crate) kind: String,
    /// What it is fired for; there is one of a slot.
    pub(crate) slot: String,
    pub(crate) started: i64,
    pub(crate) status: String,
    pub(crate) message: String,
    /// When it was to be.
    pub(crate) scheduled: i64,
    /// Start and end of the window.
    pub(crate) window: Option<(i64, i64)>,
    /// JSON object: folder, file and kind of what happened, when that fired it.
    pub(crate) event: Option<String>,
    /// JSON object: pipeline and run.
    pub(crate) pipelines: String,
    /// The pipeline run of a window.
    pub(crate) run: Option<String>,
    /// How that run ended; the scheduler has not seen it yet.
    pub(crate) outcome: Option<String>,
    /// How many runs of the window failed.
    pub(crate) failures: i64,
    /// When the next may begin.
    pub(crate) not_before: i64,
    /// It was asked for, whether the trigger is started or not.
    pub(crate) asked: bool,
    /// JSON object: what it waits for.
    pub(crate) dependencies: String,
}

impl Columns for TriggerRunRow {
    fn column(&self, name: &str) -> Option<Value> {
        match name {
            "id" => Some(Value::Text(self.id.clone())),
            "name" => Some(Value::Text(self.name.to_ascii_lowercase())),
            "status" => Some(Value::Text(self.status.to_ascii_lowercase())),
            "started" => Some(Value::Time(self.started)),
            _ => None,
        }
    }
}

impl FromRow<'_, DbRow> for TriggerRunRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let start: Option<i64> = row.try_get("window_start")?;
        let end: Option<i64> = row.try_get("window_end")?;
        Ok(Self {
            id: row.try_get("id")?,
            factory: row.try_get("factory")?,
            trigger: row.try_get("trigger_id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            slot: row.try_get("slot")?,
            started: row.try_get("started")?,
            status: row.try_get("status")?,
            message: row.try_get("message")?,
            scheduled: row.try_get("scheduled")?,
            window: start.zip(end),
            event: row.try_get("event")?,
            pipelines: row.try_get("pipelines")?,
            run: row.try_get("run")?,
            outcome: row.try_get("outcome")?,
            failures: row.try_get("failures")?,
            not_before: row.try_get("not_before")?,
            asked: row.try_get::<i64, _>("asked")? != 0,
            dependencies: row.try_get("dependencies")?,
        })
    }
}

impl TriggerRunRow {
    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        [SUCCEEDED, FAILED, CANCELLED].contains(&self.status.as_str())
    }
}

/// Finds one in a data factory.
pub(crate) async fn find(conn: &mut Conn, factory: &str, id: &str) -> Result<Option<TriggerRunRow>, Fault> {
    sqlx::query_as("SELECT * FROM trigger_runs WHERE id = $1 AND factory = $2")
        .bind(id)
        .bind(factory)
        .fetch_optional(conn)
        .await
        .db()
}

/// Those that a client asked for.
pub(crate) async fn query(conn: &mut Conn, factory: &str, filter: &Filter) -> Result<Vec<TriggerRunRow>, Fault> {
    filter
        .fetch(conn, "SELECT * FROM trigger_runs WHERE factory = $1", factory)
        .await
}

/// Adds one; false when its slot has one already, and nothing happened.
pub(crate) async fn insert(conn: &mut Conn, row: &TriggerRunRow) -> Result<bool, Fault> {
    let done = sqlx::query(
        "INSERT INTO trigger_runs (id, factory, trigger_id, name, kind, slot, started, updated, status, message, \
         scheduled, window_start, window_end, pipelines, run, outcome, failures, not_before, asked, dependencies, event) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
         ON CONFLICT (trigger_id, slot) DO NOTHING",
    )
    .bind(&row.id)
    .bind(&row.factory)
    .bind(&row.trigger)
    .bind(&row.name)
    .bind(&row.kind)
    .bind(&row.slot)
    .bind(row.started)
    .bind(now())
    .bind(&row.status)
    .bind(&row.message)
    .bind(row.scheduled)
    .bind(row.window.map(|(start, _)| start))
    .bind(row.window.map(|(_, end)| end))
    .bind(&row.pipelines)
    .bind(&row.run)
    .bind(&row.outcome)
    .bind(row.failures)
    .bind(row.not_before)
    .bind(i64::from(row.asked))
    .bind(&row.dependencies)
    .bind(&row.event)
    .execute(conn)
    .await
    .db()?;
    Ok(done.rows_affected() > 0)
}

/// Writes what may change of one.
pub(crate) async fn update(conn: &mut Conn, row: &TriggerRunRow) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE trigger_runs SET updated = $2, status = $3, message = $4, pipelines = $5, run = $6, outcome = $7, \
         failures = $8, not_before = $9, asked = $10, dependencies = $11 WHERE id = $1",
    )
    .bind(&row.id)
    .bind(now())
    .bind(&row.status)
    .bind(&row.message)
    .bind(&row.pipelines)
    .bind(&row.run)
    .bind(&row.outcome)
    .bind(row.failures)
    .bind(row.not_before)
    .bind(i64::from(row.asked))
    .bind(&row.dependencies)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The window whose pipeline run this is.
pub(crate) async fn of_run(conn: &mut Conn, run: &str) -> Result<Option<TriggerRunRow>, Fault> {
    sqlx::query_as("SELECT * FROM trigger_runs WHERE run = $1 AND status = 'Running'")
        .bind(run)
        .fetch_optional(conn)
        .await
        .db()
}

/// The windows of a trigger that are not over, the earliest first.
pub(crate) async fn live(conn: &mut Conn, trigger: &str) -> Result<Vec<TriggerRunRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM trigger_runs WHERE trigger_id = $1 AND status IN ('Waiting', 'WaitingOnDependency', 'Running') \
         ORDER BY window_start, id",
    )
    .bind(trigger)
    .fetch_all(conn)
    .await
    .db()
}

/// The windows of a trigger that begin within a span of time, as they are.
pub(crate) async fn of_windows(
    conn: &mut Conn,
    trigger: &str,
    from: i64,
    to: i64,
) -> Result<Vec<TriggerRunRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM trigger_runs WHERE trigger_id = $1 AND window_start >= $2 AND window_start < $3 ORDER BY window_start",
    )
    .bind(trigger)
    .bind(from)
    .bind(to)
    .fetch_all(conn)
    .await
    .db()
}

/// A window of a trigger: start, end and status.
#[derive(Clone, Debug)]
pub(crate) struct WindowState {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) status: String,
}

impl FromRow<'_, DbRow> for WindowState {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            start: row.try_get("window_start")?,
            end: row.try_get("window_end")?,
            status: row.try_get("status")?,
        })
    }
}

/// The windows of a trigger that begin within a span of time.
pub(crate) async fn windows(conn: &mut Conn, trigger: &str, from: i64, to: i64) -> Result<Vec<WindowState>, Fault> {
    sqlx::query_as(
        "SELECT window_start, window_end, status FROM trigger_runs WHERE trigger_id = $1 AND window_start >= $2 \
         AND window_start < $3 ORDER BY window_start",
    )
    .bind(trigger)
    .bind(from)
    .bind(to)
    .fetch_all(conn)
    .await
    .db()
}

/// Whether a trigger has had a window.
pub(crate) async fn has_windows(conn: &mut Conn, trigger: &str) -> Result<bool, Fault> {
    let found: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT 1 FROM trigger_runs WHERE trigger_id = $1 AND window_start IS NOT NULL LIMIT 1) one",
    )
    .bind(trigger)
    .fetch_one(conn)
    .await
    .db()?;
    Ok(found > 0)
}

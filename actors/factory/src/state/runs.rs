//! Runs of pipelines.

use super::filter::{Columns, Filter, Value};
use super::{Conn, Db, DbRow};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{AssertSqlSafe, FromRow, Row};

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) id: String,
    pub(crate) factory: String,
    pub(crate) pipeline: String,
    /// JSON object; each value has its parameter's type.
    pub(crate) parameters: String,
    /// `Queued`, `InProgress`, `Succeeded`, `Failed`, `Canceling`, `Cancelled`.
    pub(crate) status: String,
    pub(crate) message: String,
    pub(crate) cancel: bool,
    pub(crate) started: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) updated: i64,
    pub(crate) invoked_id: String,
    /// JSON of the Facts.
    pub(crate) facts: String,
    /// A run and its reruns have one group.
    pub(crate) group: String,
    /// Whether it is the newest of its group.
    pub(crate) is_latest: bool,
    /// The activity run that started it.
    pub(crate) parent: Option<String>,
    /// How many runs are above it.
    pub(crate) depth: i64,
    /// How many runs of the pipeline may be in progress; 0 is any number.
    pub(crate) concurrency: i64,
    /// JSON array.
    pub(crate) annotations: String,
    /// JSON object: what the pipeline returns.
    pub(crate) return_value: Option<String>,
}

impl FromRow<'_, DbRow> for RunRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            factory: row.try_get("factory")?,
            pipeline: row.try_get("pipeline")?,
            parameters: row.try_get("parameters")?,
            status: row.try_get("status")?,
            message: row.try_get("message")?,
            cancel: row.try_get::<i64, _>("cancel")? != 0,
            started: row.try_get("started")?,
            ended: row.try_get("ended")?,
            updated: row.try_get("updated")?,
            invoked_id: row.try_get("invoked_id")?,
            facts: row.try_get("facts")?,
            group: row.try_get("run_group")?,
            is_latest: row.try_get::<i64, _>("is_latest")? != 0,
            parent: row.try_get("parent")?,
            depth: row.try_get("depth")?,
            concurrency: row.try_get("concurrency")?,
            annotations: row.try_get("annotations")?,
            return_value: row.try_get("return_value")?,
        })
    }
}

impl Columns for RunRow {
    fn column(&self, name: &str) -> Option<Value> {
        match name {
            "id" => Some(Value::Text(self.id.clone())),
            "run_group" => Some(Value::Text(self.group.clone())),
            "pipeline" => Some(Value::Text(self.pipeline.to_ascii_lowercase())),
            "status" => Some(Value::Text(self.status.to_ascii_lowercase())),
            "started" => Some(Value::Time(self.started)),
            "ended" => Some(Value::Time(self.ended.unwrap_or(i64::MAX))),
            _ => None,
        }
    }
}

impl RunRow {
    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.is_some()
    }
}

/// Everything but the pipeline, which is large.
const COLUMNS: &str = "id, factory, pipeline, parameters, status, message, cancel, started, ended, updated, \
     invoked_id, facts, run_group, is_latest, parent, depth, concurrency, annotations, return_value";

/// Finds one in a data factory.
pub(crate) async fn find(conn: &mut Conn, factory: &str, id: &str) -> Result<Option<RunRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = $1 AND factory = $2");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(id)
        .bind(factory)
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one, and the pipeline as it was when the run began.
pub(crate) async fn with_pipeline(conn: &mut Conn, id: &str) -> Result<Option<(RunRow, String)>, Fault> {
    let row = sqlx::query("SELECT * FROM runs WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()?;
    row.map(|row| Ok((RunRow::from_row(&row)?, row.try_get("body")?)))
        .transpose()
        .db()
}

/// The newest ones of all data factories.
pub(crate) async fn latest(conn: &mut Conn, limit: i64) -> Result<Vec<RunRow>, Fault> {
    sqlx::query_as("SELECT * FROM runs ORDER BY started DESC, id DESC LIMIT $1")
        .bind(limit)
        .fetch_all(conn)
        .await
        .db()
}

/// Those that a client asked for.
pub(crate) async fn query(conn: &mut Conn, factory: &str, filter: &Filter) -> Result<Vec<RunRow>, Fault> {
    filter
        .fetch(conn, &format!("SELECT {COLUMNS} FROM runs WHERE factory = $1"), factory)
        .await
}

/// The ids of those that the orchestrator has to look at: something happened in them, they have not begun, or they are
/// being cancelled.
pub(crate) async fn unattended(conn: &mut Conn) -> Result<Vec<String>, Fault> {
    sqlx::query_scalar(
        "SELECT id FROM runs WHERE ended IS NULL AND (status IN ('Queued', 'Canceling') \
         OR id IN (SELECT run FROM scopes WHERE dirty = 1)) ORDER BY started",
    )
    .fetch_all(conn)
    .await
    .db()
}

/// Whether a run has to wait for others of its pipeline, which may be in progress only so many at a time.
pub(crate) async fn has_to_wait(conn: &mut Conn, run: &RunRow) -> Result<bool, Fault> {
    if run.concurrency <= 0 {
        return Ok(false);
    }
    let before: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM runs WHERE factory = $1 AND pipeline = $2 AND ended IS NULL AND id <> $3 \
         AND (status <> 'Queued' OR started < $4 OR (started = $4 AND id < $3))",
    )
    .bind(&run.factory)
    .bind(&run.pipeline)
    .bind(&run.id)
    .bind(run.started)
    .fetch_one(conn)
    .await
    .db()?;
    Ok(before >= run.concurrency)
}

/// The run of a pipeline that has waited for the longest time.
pub(crate) async fn next_in_queue(conn: &mut Conn, run: &RunRow) -> Result<Option<String>, Fault> {
    sqlx::query_scalar(
        "SELECT id FROM runs WHERE factory = $1 AND pipeline = $2 AND ended IS NULL AND status = 'Queued' \
         ORDER BY started, id LIMIT 1",
    )
    .bind(&run.factory)
    .bind(&run.pipeline)
    .fetch_optional(conn)
    .await
    .db()
}

/// The runs that a run's activities started and that are not over.
pub(crate) async fn live_children(conn: &mut Conn, run: &str) -> Result<Vec<String>, Fault> {
    sqlx::query_scalar(
        "SELECT runs.id FROM activity_runs JOIN runs ON runs.parent = activity_runs.id \
         WHERE activity_runs.run = $1 AND activity_runs.kind = 'ExecutePipeline' AND runs.ended IS NULL",
    )
    .bind(run)
    .fetch_all(conn)
    .await
    .db()
}

/// The run that an activity run started, if it is not over.
pub(crate) async fn live_child(conn: &mut Conn, activity: &str) -> Result<Option<String>, Fault> {
    sqlx::query_scalar("SELECT id FROM runs WHERE parent = $1 AND ended IS NULL")
        .bind(activity)
        .fetch_optional(conn)
        .await
        .db()
}

/// What the pipeline returns so far; JSON.
pub(crate) async fn return_value(conn: &mut Conn, id: &str) -> Result<Option<String>, Fault> {
    let found: Option<Option<String>> = sqlx::query_scalar("SELECT return_value FROM runs WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.flatten())
}

/// Keeps what the pipeline returns; JSON.
pub(crate) async fn set_return_value(conn: &mut Conn, id: &str, value: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET return_value = $2 WHERE id = $1")
        .bind(id)
        .bind(value)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Others of a group are not its newest any more.
pub(crate) async fn supersede(conn: &mut Conn, group: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET is_latest = 0 WHERE run_group = $1 AND is_latest = 1")
        .bind(group)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Adds a run with its pipeline.
pub(crate) async fn insert(conn: &mut Conn, row: &RunRow, pipeline: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO runs (id, factory, pipeline, body, parameters, status, message, cancel, started, ended, updated, \
         invoked_id, facts, run_group, is_latest, parent, depth, concurrency, annotations, return_value) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(&row.id)
    .bind(&row.factory)
    .bind(&row.pipeline)
    .bind(pipeline)
    .bind(&row.parameters)
    .bind(&row.status)
    .bind(&row.message)
    .bind(i64::from(row.cancel))
    .bind(row.started)
    .bind(row.ended)
    .bind(row.updated)
    .bind(&row.invoked_id)
    .bind(&row.facts)
    .bind(&row.group)
    .bind(i64::from(row.is_latest))
    .bind(&row.parent)
    .bind(row.depth)
    .bind(row.concurrency)
    .bind(&row.annotations)
    .bind(&row.return_value)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Sets the status of a run that goes on.
pub(crate) async fn set_status(conn: &mut Conn, id: &str, status: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET status = $2, updated = $3 WHERE id = $1 AND ended IS NULL AND status <> $2")
        .bind(id)
        .bind(status)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Notes that something in the run changed.
pub(crate) async fn touch(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET updated = $2 WHERE id = $1")
        .bind(id)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Asks a run to stop.
pub(crate) async fn cancel(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET cancel = 1, status = 'Canceling', updated = $2 WHERE id = $1 AND ended IS NULL")
        .bind(id)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Whether a run was asked to stop.
pub(crate) async fn is_cancelled(conn: &mut Conn, id: &str) -> Result<bool, Fault> {
    let found: Option<i64> = sqlx::query_scalar("SELECT cancel FROM runs WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.unwrap_or_default() != 0)
}

/// Ends a run.
pub(crate) async fn finish(conn: &mut Conn, id: &str, status: &str, message: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE runs SET status = $2, message = $3, ended = $4, updated = $4 WHERE id = $1 AND ended IS NULL")
        .bind(id)
        .bind(status)
        .bind(message)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

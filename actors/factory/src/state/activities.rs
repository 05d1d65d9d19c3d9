//! Runs of activities.

use super::filter::{Columns, Filter, Value};
use super::{Conn, Db, DbRow, scopes};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A run of an activity.
#[derive(Clone, Debug)]
pub(crate) struct ActivityRow {
    pub(crate) id: String,
    pub(crate) run: String,
    /// The scope it is in; its name is unique there.
    pub(crate) scope: String,
    /// Its place in its list.
    pub(crate) position: i64,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// `Queued`, `InProgress`, `Succeeded`, `Failed`, `Cancelled`, `Skipped`.
    pub(crate) status: String,
    /// The gateway's name; empty when none is needed.
    pub(crate) gateway: String,
    /// JSON.
    pub(crate) input: String,
    /// JSON.
    pub(crate) output: Option<String>,
    /// JSON.
    pub(crate) error: Option<String>,
    /// How many attempts failed before this one.
    pub(crate) retry: i64,
    pub(crate) started: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) updated: i64,
    /// When the orchestrator has to look at it although nothing happened.
    pub(crate) due: Option<i64>,
    /// JSON: what it has to remember while it runs.
    pub(crate) memo: Option<String>,
    /// JSON object: its user properties.
    pub(crate) properties: String,
    /// Whether its input is not to be shown.
    pub(crate) secure_input: bool,
    /// Whether its output is not to be shown.
    pub(crate) secure_output: bool,
}

impl FromRow<'_, DbRow> for ActivityRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
            scope: row.try_get("scope")?,
            position: row.try_get("position")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            status: row.try_get("status")?,
            gateway: row.try_get("gateway")?,
            input: row.try_get("input")?,
            output: row.try_get("output")?,
            error: row.try_get("error")?,
            retry: row.try_get("retry")?,
            started: row.try_get("started")?,
            ended: row.try_get("ended")?,
            updated: row.try_get("updated")?,
            due: row.try_get("due")?,
            memo: row.try_get("memo")?,
            properties: row.try_get("properties")?,
            secure_input: row.try_get::<i64, _>("secure_input")? != 0,
            secure_output: row.try_get::<i64, _>("secure_output")? != 0,
        })
    }
}

impl Columns for ActivityRow {
    fn column(&self, name: &str) -> Option<Value> {
        match name {
            "id" => Some(Value::Text(self.id.clone())),
            "name" => Some(Value::Text(self.name.to_ascii_lowercase())),
            "kind" => Some(Value::Text(self.kind.to_ascii_lowercase())),
            "status" => Some(Value::Text(self.status.to_ascii_lowercase())),
            "started" => Some(Value::Time(self.started)),
            "ended" => Some(Value::Time(self.ended.unwrap_or(i64::MAX))),
            _ => None,
        }
    }
}

/// The last ones of a run that were started, in the order of their beginning.
pub(crate) async fn latest_of_run(conn: &mut Conn, run: &str, limit: i64) -> Result<Vec<ActivityRow>, Fault> {
    let mut rows: Vec<ActivityRow> =
        sqlx::query_as("SELECT * FROM activity_runs WHERE run = $1 ORDER BY started DESC, position DESC LIMIT $2")
            .bind(run)
            .bind(limit)
            .fetch_all(conn)
            .await
            .db()?;
    rows.reverse();
    Ok(rows)
}

/// The name, in lower case, and the status of each in a scope.
pub(crate) async fn statuses(conn: &mut Conn, scope: &str) -> Result<Vec<(String, String)>, Fault> {
    sqlx::query_as("SELECT name_key, status FROM activity_runs WHERE scope = $1")
        .bind(scope)
        .fetch_all(conn)
        .await
        .db()
}

/// Those in a scope, in the order of the pipeline.
pub(crate) async fn of_scope(conn: &mut Conn, scope: &str) -> Result<Vec<ActivityRow>, Fault> {
    sqlx::query_as("SELECT * FROM activity_runs WHERE scope = $1 ORDER BY position")
        .bind(scope)
        .fetch_all(conn)
        .await
        .db()
}

/// The one of a name in a scope.
pub(crate) async fn named(conn: &mut Conn, scope: &str, name: &str) -> Result<Option<ActivityRow>, Fault> {
    sqlx::query_as("SELECT * FROM activity_runs WHERE scope = $1 AND name_key = $2")
        .bind(scope)
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one.
pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<ActivityRow>, Fault> {
    sqlx::query_as("SELECT * FROM activity_runs WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Those whose time has come, the oldest first.
pub(crate) async fn due(conn: &mut Conn, moment: i64, limit: i64) -> Result<Vec<ActivityRow>, Fault> {
    sqlx::query_as("SELECT * FROM activity_runs WHERE due IS NOT NULL AND due <= $1 ORDER BY due LIMIT $2")
        .bind(moment)
        .bind(limit)
        .fetch_all(conn)
        .await
        .db()
}

/// Sets when to look at one again, and what it has to remember until then.
pub(crate) async fn remember(conn: &mut Conn, id: &str, due: Option<i64>, memo: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE activity_runs SET due = $2, memo = $3 WHERE id = $1 AND ended IS NULL")
        .bind(id)
        .bind(due)
        .bind(memo)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Those of a run that a client asked for.
pub(crate) async fn query(conn: &mut Conn, run: &str, filter: &Filter) -> Result<Vec<ActivityRow>, Fault> {
    filter
        .fetch(conn, "SELECT * FROM activity_runs WHERE run = $1", run)
        .await
}

/// Adds one.
pub(crate) async fn insert(conn: &mut Conn, row: &ActivityRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO activity_runs (id, run, scope, position, name, name_key, kind, status, gateway, input, output, \
         error, retry, started, ended, updated, due, memo, properties, secure_input, secure_output) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind(&row.id)
    .bind(&row.run)
    .bind(&row.scope)
    .bind(row.position)
    .bind(&row.name)
    .bind(row.name.to_lowercase())
    .bind(&row.kind)
    .bind(&row.status)
    .bind(&row.gateway)
    .bind(&row.input)
    .bind(&row.output)
    .bind(&row.error)
    .bind(row.retry)
    .bind(row.started)
    .bind(row.ended)
    .bind(row.updated)
    .bind(row.due)
    .bind(&row.memo)
    .bind(&row.properties)
    .bind(i64::from(row.secure_input))
    .bind(i64::from(row.secure_output))
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// It is queued again, or a node works on it.
pub(crate) async fn set_status(conn: &mut Conn, id: &str, status: &str, retry: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE activity_runs SET status = $2, retry = $3, updated = $4 WHERE id = $1 AND ended IS NULL")
        .bind(id)
        .bind(status)
        .bind(retry)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Ends one that is not over, and marks its scope.
pub(crate) async fn finish(
    conn: &mut Conn,
    id: &str,
    status: &str,
    output: Option<&str>,
    error: Option<&str>,
) -> Result<(), Fault> {
    let done = sqlx::query(
        "UPDATE activity_runs SET status = $2, output = $3, error = $4, ended = $5, updated = $5, due = NULL \
         WHERE id = $1 AND ended IS NULL",
    )
    .bind(id)
    .bind(status)
    .bind(output)
    .bind(error)
    .bind(now())
    .execute(&mut *conn)
    .await
    .db()?;
    if done.rows_affected() > 0 {
        scopes::mark(conn, id).await?;
    }
    Ok(())
}

/// Ends all of a run that are not over.
pub(crate) async fn cancel_all(conn: &mut Conn, run: &str) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE activity_runs SET status = 'Cancelled', ended = $2, updated = $2, due = NULL \
         WHERE run = $1 AND ended IS NULL",
    )
    .bind(run)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

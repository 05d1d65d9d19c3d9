//! Runs of activities.

use super::filter::Filter;
use super::{Conn, Db};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

/// A run of an activity.
#[derive(Clone, Debug)]
pub(crate) struct ActivityRow {
    pub(crate) id: String,
    pub(crate) run: String,
    /// Its place in the pipeline.
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
}

impl FromRow<'_, SqliteRow> for ActivityRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
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
        })
    }
}

/// Those of a run, in the order of the pipeline.
pub(crate) async fn of_run(conn: &mut Conn, run: &str) -> Result<Vec<ActivityRow>, Fault> {
    sqlx::query_as("SELECT * FROM activity_runs WHERE run = $1 ORDER BY position")
        .bind(run)
        .fetch_all(conn)
        .await
        .db()
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
        "INSERT INTO activity_runs (id, run, position, name, kind, status, gateway, input, output, error, retry, \
         started, ended, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(&row.id)
    .bind(&row.run)
    .bind(row.position)
    .bind(&row.name)
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

/// Ends one.
pub(crate) async fn finish(
    conn: &mut Conn,
    id: &str,
    status: &str,
    output: Option<&str>,
    error: Option<&str>,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE activity_runs SET status = $2, output = $3, error = $4, ended = $5, updated = $5 \
         WHERE id = $1 AND ended IS NULL",
    )
    .bind(id)
    .bind(status)
    .bind(output)
    .bind(error)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

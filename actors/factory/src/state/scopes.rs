//! Scopes: lists of activities at work. The pipeline's own is one, and so is a container's branch or iteration.
//!
//! Whatever ends an activity marks its scope as dirty, in the same transaction: dirty scopes are all that the
//! orchestrator has to look at, however large a run is.

use super::{Conn, Database, Db, DbRow, placeholders};
use sluice_contract::Fault;
use sqlx::{AssertSqlSafe, FromRow, Row};

/// How many rows one statement adds.
const PORTION: usize = 100;

/// A scope.
#[derive(Clone, Debug)]
pub(crate) struct ScopeRow {
    pub(crate) id: String,
    pub(crate) run: String,
    /// The activity run it belongs to; `None` for the pipeline's own.
    pub(crate) container: Option<String>,
    /// The scope that the container is in.
    pub(crate) parent: Option<String>,
    pub(crate) iteration: i64,
    /// JSON pointer to the activities in the run's pipeline.
    pub(crate) path: String,
    /// JSON: the item of an iteration.
    pub(crate) item: Option<String>,
    /// The scope whose item is in force here.
    pub(crate) item_scope: Option<String>,
    pub(crate) state: ScopeState,
    /// JSON: the error that made it fail, with the activity's name in `activity`.
    pub(crate) error: Option<String>,
}

/// How far a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeState {
    /// An iteration whose turn has not come.
    Waiting,
    Open,
    Succeeded,
    Failed,
    Cancelled,
}

impl ScopeState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ScopeState::Waiting => "waiting",
            ScopeState::Open => "open",
            ScopeState::Succeeded => "succeeded",
            ScopeState::Failed => "failed",
            ScopeState::Cancelled => "cancelled",
        }
    }

    /// The state of a run's own scope once the run has this status.
    pub(crate) fn of_run(status: &str) -> Self {
        match status {
            "Succeeded" => ScopeState::Succeeded,
            "Failed" => ScopeState::Failed,
            _ => ScopeState::Cancelled,
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "waiting" => ScopeState::Waiting,
            "open" => ScopeState::Open,
            "succeeded" => ScopeState::Succeeded,
            "failed" => ScopeState::Failed,
            _ => ScopeState::Cancelled,
        }
    }
}

impl FromRow<'_, DbRow> for ScopeRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let state: String = row.try_get("state")?;
        Ok(Self {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
            container: row.try_get("container")?,
            parent: row.try_get("parent")?,
            iteration: row.try_get("iteration")?,
            path: row.try_get("path")?,
            item: row.try_get("item")?,
            item_scope: row.try_get("item_scope")?,
            state: ScopeState::of(&state),
            error: row.try_get("error")?,
        })
    }
}

impl ScopeRow {
    /// The pipeline's own list.
    pub(crate) fn of_run(run: &str) -> Self {
        Self {
            id: run.to_owned(),
            run: run.to_owned(),
            container: None,
            parent: None,
            iteration: 0,
            path: "/properties/activities".to_owned(),
            item: None,
            item_scope: None,
            state: ScopeState::Open,
            error: None,
        }
    }
}

/// Adds one. An open one is dirty: its activities have to be started.
pub(crate) async fn insert(conn: &mut Conn, row: &ScopeRow) -> Result<(), Fault> {
    insert_all(conn, std::slice::from_ref(row)).await
}

/// Adds many.
pub(crate) async fn insert_all(conn: &mut Conn, rows: &[ScopeRow]) -> Result<(), Fault> {
    for portion in rows.chunks(PORTION) {
        let sql = format!(
            "INSERT INTO scopes (id, run, container, parent, iteration, path, item, item_scope, state, error, dirty) \
             VALUES {}",
            placeholders(portion.len(), 11)
        );
        let mut query = sqlx::query::<Database>(AssertSqlSafe(sql));
        for row in portion {
            query = query
                .bind(&row.id)
                .bind(&row.run)
                .bind(&row.container)
                .bind(&row.parent)
                .bind(row.iteration)
                .bind(&row.path)
                .bind(&row.item)
                .bind(&row.item_scope)
                .bind(row.state.as_str())
                .bind(&row.error)
                .bind(i64::from(row.state == ScopeState::Open));
        }
        query.execute(&mut *conn).await.db()?;
    }
    Ok(())
}

/// Finds one.
pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<ScopeRow>, Fault> {
    sqlx::query_as("SELECT * FROM scopes WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// One of a run in which something happened; it is not dirty any more.
pub(crate) async fn take_dirty(conn: &mut Conn, run: &str) -> Result<Option<ScopeRow>, Fault> {
    let found: Option<ScopeRow> = sqlx::query_as("SELECT * FROM scopes WHERE run = $1 AND dirty = 1 LIMIT 1")
        .bind(run)
        .fetch_optional(&mut *conn)
        .await
        .db()?;
    if let Some(scope) = &found {
        sqlx::query("UPDATE scopes SET dirty = 0 WHERE id = $1")
            .bind(&scope.id)
            .execute(conn)
            .await
            .db()?;
    }
    Ok(found)
}

/// Whether something happened in a run.
pub(crate) async fn is_dirty(conn: &mut Conn, run: &str) -> Result<bool, Fault> {
    let found: Option<i64> = sqlx::query_scalar("SELECT dirty FROM scopes WHERE run = $1 AND dirty = 1 LIMIT 1")
        .bind(run)
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.is_some())
}

/// Marks the scope of an activity run as dirty.
pub(super) async fn mark(conn: &mut Conn, activity: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE scopes SET dirty = 1 WHERE id = (SELECT scope FROM activity_runs WHERE id = $1)")
        .bind(activity)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Ends an open one. `error` is JSON.
pub(crate) async fn end(conn: &mut Conn, id: &str, state: ScopeState, error: Option<&str>) -> Result<(), Fault> {
    sqlx::query("UPDATE scopes SET state = $2, error = $3, dirty = 0 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .bind(error)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Opens the waiting one whose turn it is. Whether there was one.
pub(crate) async fn open_next(conn: &mut Conn, container: &str) -> Result<bool, Fault> {
    let next: Option<String> = sqlx::query_scalar(
        "SELECT id FROM scopes WHERE container = $1 AND state = 'waiting' ORDER BY iteration LIMIT 1",
    )
    .bind(container)
    .fetch_optional(&mut *conn)
    .await
    .db()?;
    let Some(next) = next else { return Ok(false) };
    sqlx::query("UPDATE scopes SET state = 'open', dirty = 1 WHERE id = $1")
        .bind(next)
        .execute(conn)
        .await
        .db()?;
    Ok(true)
}

/// The first of a container's that is in a state.
pub(crate) async fn first(conn: &mut Conn, container: &str, state: ScopeState) -> Result<Option<ScopeRow>, Fault> {
    sqlx::query_as("SELECT * FROM scopes WHERE container = $1 AND state = $2 ORDER BY iteration LIMIT 1")
        .bind(container)
        .bind(state.as_str())
        .fetch_optional(conn)
        .await
        .db()
}

/// The last iteration of a container.
pub(crate) async fn last(conn: &mut Conn, container: &str) -> Result<Option<ScopeRow>, Fault> {
    sqlx::query_as("SELECT * FROM scopes WHERE container = $1 ORDER BY iteration DESC LIMIT 1")
        .bind(container)
        .fetch_optional(conn)
        .await
        .db()
}

/// Ends all open and waiting ones of a container; the ids of those that were open.
pub(crate) async fn cancel_below(conn: &mut Conn, container: &str) -> Result<Vec<String>, Fault> {
    let open = sqlx::query_scalar("SELECT id FROM scopes WHERE container = $1 AND state = 'open'")
        .bind(container)
        .fetch_all(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "UPDATE scopes SET state = 'cancelled', dirty = 0 WHERE container = $1 AND state IN ('open', 'waiting')",
    )
    .bind(container)
    .execute(conn)
    .await
    .db()?;
    Ok(open)
}

/// Ends all open and waiting ones of a run.
pub(crate) async fn cancel_all(conn: &mut Conn, run: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE scopes SET state = 'cancelled', dirty = 0 WHERE run = $1 AND state IN ('open', 'waiting')")
        .bind(run)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

//! Calls of web addresses that the factory makes itself. A process holds a call while it makes it.

use super::{Conn, Db, DbRow};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A call that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct CallRow {
    /// The activity run.
    pub(crate) activity: String,
    pub(crate) run: String,
    /// JSON: the activity's `typeProperties`.
    pub(crate) settings: String,
    /// Whether a callback ends the activity.
    pub(crate) hook: bool,
    /// Microseconds.
    pub(crate) timeout: i64,
    /// Microseconds.
    pub(crate) pause: i64,
    pub(crate) retries: i64,
    pub(crate) failures: i64,
}

impl FromRow<'_, DbRow> for CallRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            activity: row.try_get("activity")?,
            run: row.try_get("run")?,
            settings: row.try_get("settings")?,
            hook: row.try_get::<i64, _>("hook")? != 0,
            timeout: row.try_get("timeout")?,
            pause: row.try_get("pause")?,
            retries: row.try_get("retries")?,
            failures: row.try_get("failures")?,
        })
    }
}

/// Adds one, to be made at once.
pub(crate) async fn insert(conn: &mut Conn, row: &CallRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO web_calls (activity, run, settings, hook, timeout, pause, retries, failures, not_before, holder, \
         held_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', 0)",
    )
    .bind(&row.activity)
    .bind(&row.run)
    .bind(&row.settings)
    .bind(i64::from(row.hook))
    .bind(row.timeout)
    .bind(row.pause)
    .bind(row.retries)
    .bind(row.failures)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Whether there is one that nobody makes, or one whose activity is over.
pub(crate) async fn any_due(conn: &mut Conn) -> Result<bool, Fault> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT activity FROM web_calls WHERE not_before <= $1 AND held_until <= $1 LIMIT 1")
            .bind(now())
            .fetch_optional(conn)
            .await
            .db()?;
    Ok(found.is_some())
}

/// Takes those that nobody makes for a process, for some microseconds; forgets those whose activity is over.
pub(crate) async fn take(conn: &mut Conn, holder: &str, span: i64, limit: i64) -> Result<Vec<CallRow>, Fault> {
    sqlx::query(
        "DELETE FROM web_calls WHERE held_until <= $1 \
         AND activity IN (SELECT id FROM activity_runs WHERE id = web_calls.activity AND ended IS NOT NULL)",
    )
    .bind(now())
    .execute(&mut *conn)
    .await
    .db()?;
    let found: Vec<CallRow> = sqlx::query_as(
        "SELECT * FROM web_calls WHERE not_before <= $1 AND held_until <= $1 ORDER BY not_before LIMIT $2",
    )
    .bind(now())
    .bind(limit)
    .fetch_all(&mut *conn)
    .await
    .db()?;
    for row in &found {
        hold(conn, &row.activity, holder, span).await?;
    }
    Ok(found)
}

async fn hold(conn: &mut Conn, activity: &str, holder: &str, span: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE web_calls SET holder = $2, held_until = $3 WHERE activity = $1")
        .bind(activity)
        .bind(holder)
        .bind(now() + span)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Whether a process still makes a call whose activity is not over.
pub(crate) async fn is_held(conn: &mut Conn, activity: &str, holder: &str) -> Result<bool, Fault> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT web_calls.activity FROM web_calls JOIN activity_runs ON activity_runs.id = web_calls.activity \
         WHERE web_calls.activity = $1 AND web_calls.holder = $2 AND activity_runs.ended IS NULL",
    )
    .bind(activity)
    .bind(holder)
    .fetch_optional(conn)
    .await
    .db()?;
    Ok(found.is_some())
}

/// A process goes on with a call. Whether it may.
pub(crate) async fn renew(conn: &mut Conn, activity: &str, holder: &str, span: i64) -> Result<bool, Fault> {
    let held = is_held(conn, activity, holder).await?;
    if held {
        hold(conn, activity, holder, span).await?;
    }
    Ok(held)
}

/// What a process was calling is free.
pub(crate) async fn release(conn: &mut Conn, holder: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE web_calls SET holder = '', held_until = 0 WHERE holder = $1")
        .bind(holder)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// What processes of an earlier start were calling is free: there is no other process than this one.
pub(crate) async fn release_all(conn: &mut Conn) -> Result<(), Fault> {
    sqlx::query("UPDATE web_calls SET holder = '', held_until = 0 WHERE held_until > 0")
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// It failed and is made again at a moment.
pub(crate) async fn again(conn: &mut Conn, activity: &str, failures: i64, not_before: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE web_calls SET failures = $2, not_before = $3, holder = '', held_until = 0 WHERE activity = $1")
        .bind(activity)
        .bind(failures)
        .bind(not_before)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// It is made.
pub(crate) async fn delete(conn: &mut Conn, activity: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM web_calls WHERE activity = $1")
        .bind(activity)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

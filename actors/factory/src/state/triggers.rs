//! Triggers at work: whether each is started, how far it has come, and when it has to be looked at.

use super::{Conn, Db, DbRow};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A trigger, besides its document.
#[derive(Clone, Debug)]
pub(crate) struct TriggerRow {
    pub(crate) id: String,
    pub(crate) factory: String,
    /// Its name in lower case.
    pub(crate) name_key: String,
    pub(crate) started: bool,
    /// Of a schedule the moment up to which all was fired, of windows the number of the next one.
    pub(crate) reached: i64,
    /// When it has to be looked at; `None` when something happens.
    pub(crate) due: Option<i64>,
    pub(crate) created: i64,
}

impl FromRow<'_, DbRow> for TriggerRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            factory: row.try_get("factory")?,
            name_key: row.try_get("name_key")?,
            started: row.try_get::<i64, _>("started")? != 0,
            reached: row.try_get("reached")?,
            due: row.try_get("due")?,
            created: row.try_get("created")?,
        })
    }
}

/// Finds one by name.
pub(crate) async fn find(conn: &mut Conn, factory: &str, name: &str) -> Result<Option<TriggerRow>, Fault> {
    sqlx::query_as("SELECT * FROM triggers WHERE factory = $1 AND name_key = $2")
        .bind(factory)
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// All of a data factory.
pub(crate) async fn all(conn: &mut Conn, factory: &str) -> Result<Vec<TriggerRow>, Fault> {
    sqlx::query_as("SELECT * FROM triggers WHERE factory = $1")
        .bind(factory)
        .fetch_all(conn)
        .await
        .db()
}

/// The one that has to be looked at first, if its time has come.
pub(crate) async fn due(conn: &mut Conn, moment: i64) -> Result<Option<TriggerRow>, Fault> {
    sqlx::query_as("SELECT * FROM triggers WHERE due <= $1 ORDER BY due, id LIMIT 1")
        .bind(moment)
        .fetch_optional(conn)
        .await
        .db()
}

/// Adds one.
pub(crate) async fn insert(conn: &mut Conn, row: &TriggerRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO triggers (id, factory, name_key, started, reached, due, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&row.id)
    .bind(&row.factory)
    .bind(&row.name_key)
    .bind(i64::from(row.started))
    .bind(row.reached)
    .bind(row.due)
    .bind(row.created)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Writes how far it is.
pub(crate) async fn update(conn: &mut Conn, row: &TriggerRow) -> Result<(), Fault> {
    sqlx::query("UPDATE triggers SET started = $2, reached = $3, due = $4 WHERE id = $1")
        .bind(&row.id)
        .bind(i64::from(row.started))
        .bind(row.reached)
        .bind(row.due)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// One has to be looked at now; whether there is one.
pub(crate) async fn ring(conn: &mut Conn, id: &str) -> Result<bool, Fault> {
    let done = sqlx::query("UPDATE triggers SET due = 0 WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(done.rows_affected() > 0)
}

/// Those of a data factory with windows that wait for others have to be looked at now.
pub(crate) async fn ring_those_that_wait(conn: &mut Conn, factory: &str) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE triggers SET due = 0 WHERE factory = $1 AND EXISTS (SELECT 1 FROM trigger_runs \
         WHERE trigger_runs.trigger_id = triggers.id AND trigger_runs.status = 'WaitingOnDependency')",
    )
    .bind(factory)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one. What it fired stays.
pub(crate) async fn delete(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM triggers WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

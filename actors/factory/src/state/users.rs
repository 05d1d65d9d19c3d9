//! People who log in to the console.

use super::{Conn, Db, DbRow};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A user.
#[derive(Clone)]
pub(crate) struct UserRow {
    pub(crate) name: String,
    pub(crate) scope: String,
    /// PHC string of Argon2id.
    pub(crate) password: String,
    pub(crate) created: i64,
}

impl FromRow<'_, DbRow> for UserRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            scope: row.try_get("scope")?,
            password: row.try_get("password")?,
            created: row.try_get("created")?,
        })
    }
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Finds one, in any spelling of the name.
pub(crate) async fn find(conn: &mut Conn, name: &str) -> Result<Option<UserRow>, Fault> {
    sqlx::query_as("SELECT name, scope, password, created FROM users WHERE name_key = $1")
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// All of them.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<UserRow>, Fault> {
    sqlx::query_as("SELECT name, scope, password, created FROM users ORDER BY name_key")
        .fetch_all(conn)
        .await
        .db()
}

/// Writes one, new or not.
pub(crate) async fn put(conn: &mut Conn, row: &UserRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO users (name_key, name, scope, password, created, updated) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (name_key) DO UPDATE SET scope = excluded.scope, password = excluded.password, \
         updated = excluded.updated",
    )
    .bind(row.name.to_lowercase())
    .bind(&row.name)
    .bind(&row.scope)
    .bind(&row.password)
    .bind(row.created)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one; false when there was none.
pub(crate) async fn delete(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    let done = sqlx::query("DELETE FROM users WHERE name_key = $1")
        .bind(name.to_lowercase())
        .execute(conn)
        .await
        .db()?;
    Ok(done.rows_affected() > 0)
}

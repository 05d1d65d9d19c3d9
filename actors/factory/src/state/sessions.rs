//! Browser sessions, as SHA-256 only.

use super::{Conn, Db, DbRow};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    /// `user`, `token` or `link`: who the session is of.
    pub(crate) kind: String,
    /// The user's or the token's name.
    pub(crate) name: String,
    /// When it was used last, to the minute.
    pub(crate) seen: i64,
    pub(crate) expires: i64,
}

impl FromRow<'_, DbRow> for SessionRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            seen: row.try_get("seen")?,
            expires: row.try_get("expires")?,
        })
    }
}

/// Stores a session, and forgets those that are over.
pub(crate) async fn insert(conn: &mut Conn, secret: &str, row: &SessionRow) -> Result<(), Fault> {
    sqlx::query("DELETE FROM sessions WHERE expires < $1")
        .bind(now())
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query("INSERT INTO sessions (hash, kind, name, created, seen, expires) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(sha256_hex(secret.as_bytes()))
        .bind(&row.kind)
        .bind(&row.name)
        .bind(now())
        .bind(row.seen)
        .bind(row.expires)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// A session that is not over.
pub(crate) async fn find(conn: &mut Conn, secret: &str) -> Result<Option<SessionRow>, Fault> {
    sqlx::query_as("SELECT kind, name, seen, expires FROM sessions WHERE hash = $1 AND expires > $2")
        .bind(sha256_hex(secret.as_bytes()))
        .bind(now())
        .fetch_optional(conn)
        .await
        .db()
}

/// It was used just now.
pub(crate) async fn touch(conn: &mut Conn, secret: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE sessions SET seen = $2 WHERE hash = $1")
        .bind(sha256_hex(secret.as_bytes()))
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Ends a session.
pub(crate) async fn delete(conn: &mut Conn, secret: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM sessions WHERE hash = $1")
        .bind(sha256_hex(secret.as_bytes()))
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Ends all sessions of a user or a token.
pub(crate) async fn delete_of(conn: &mut Conn, kind: &str, name: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM sessions WHERE kind = $1 AND name = $2")
        .bind(kind)
        .bind(name)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

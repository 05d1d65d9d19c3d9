//! Browser sessions, as SHA-256 only.

use super::{Conn, Db};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;

/// Stores a session for some microseconds, and forgets those that are over.
pub(crate) async fn insert(conn: &mut Conn, secret: &str, lasts: i64) -> Result<(), Fault> {
    sqlx::query("DELETE FROM tickets WHERE expires < $1")
        .bind(now())
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query("INSERT INTO tickets (hash, kind, created, expires) VALUES ($1, 'session', $2, $3)")
        .bind(sha256_hex(secret.as_bytes()))
        .bind(now())
        .bind(now() + lasts)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Whether a session is valid.
pub(crate) async fn is_valid(conn: &mut Conn, secret: &str) -> Result<bool, Fault> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT created FROM tickets WHERE hash = $1 AND kind = 'session' AND expires > $2")
            .bind(sha256_hex(secret.as_bytes()))
            .bind(now())
            .fetch_optional(conn)
            .await
            .db()?;
    Ok(found.is_some())
}

/// Ends a session.
pub(crate) async fn delete(conn: &mut Conn, secret: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM tickets WHERE hash = $1")
        .bind(sha256_hex(secret.as_bytes()))
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

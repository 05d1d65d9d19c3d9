//! API tokens, as SHA-256 only. A token is what it grants, without what it is made of.

use super::grants::Grant;
use super::{Conn, Db};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;

/// Stores a token; an earlier one of the same name is revoked.
pub(crate) async fn replace(conn: &mut Conn, token: &str, grant: &Grant) -> Result<(), Fault> {
    sqlx::query("DELETE FROM tokens WHERE name = $1 AND hash <> $2")
        .bind(&grant.name)
        .bind(sha256_hex(token.as_bytes()))
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "INSERT INTO tokens (hash, name, scopes, within, created, expires) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(&grant.name)
    .bind(&grant.scope)
    .bind(&grant.within)
    .bind(grant.created)
    .bind(grant.expires)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The token behind a text, unless it has expired. It is looked up by its hash, so timing tells nothing about stored tokens.
pub(crate) async fn find(conn: &mut Conn, token: &str) -> Result<Option<Grant>, Fault> {
    sqlx::query_as(
        "SELECT name, scopes AS scope, within, created, expires FROM tokens WHERE hash = $1 AND (expires IS NULL OR expires > $2)",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(now())
    .fetch_optional(conn)
    .await
    .db()
}

/// The token of a name, expired or not.
pub(crate) async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Grant>, Fault> {
    sqlx::query_as("SELECT name, scopes AS scope, within, created, expires FROM tokens WHERE name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await
        .db()
}

/// All of them.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<Grant>, Fault> {
    sqlx::query_as("SELECT name, scopes AS scope, within, created, expires FROM tokens ORDER BY name")
        .fetch_all(conn)
        .await
        .db()
}

/// Revokes one; false when there was none.
pub(crate) async fn delete(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    let done = sqlx::query("DELETE FROM tokens WHERE name = $1")
        .bind(name)
        .execute(conn)
        .await
        .db()?;
    Ok(done.rows_affected() > 0)
}

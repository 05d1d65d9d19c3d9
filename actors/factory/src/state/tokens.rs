//! API tokens, as SHA-256 only.

use super::{Conn, Db};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;

/// Stores a token; an earlier one of the same name is revoked.
pub(crate) async fn replace(conn: &mut Conn, token: &str, name: &str, scopes: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM tokens WHERE name = $1 AND hash <> $2")
        .bind(name)
        .bind(sha256_hex(token.as_bytes()))
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "INSERT INTO tokens (hash, name, scopes, created, expires) VALUES ($1, $2, $3, $4, NULL) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(name)
    .bind(scopes)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The name and scopes behind a token. It is looked up by its hash, so timing tells nothing about stored tokens.
pub(crate) async fn find(conn: &mut Conn, token: &str) -> Result<Option<(String, String)>, Fault> {
    sqlx::query_as("SELECT name, scopes FROM tokens WHERE hash = $1 AND (expires IS NULL OR expires > $2)")
        .bind(sha256_hex(token.as_bytes()))
        .bind(now())
        .fetch_optional(conn)
        .await
        .db()
}

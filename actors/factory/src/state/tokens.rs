//! API tokens, as SHA-256 only.

use super::{Conn, Db, DbRow};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A token, without what it is made of.
#[derive(Clone, Debug)]
pub(crate) struct TokenRow {
    pub(crate) name: String,
    /// A scope.
    pub(crate) scopes: String,
    pub(crate) within: String,
    pub(crate) created: i64,
    pub(crate) expires: Option<i64>,
}

impl FromRow<'_, DbRow> for TokenRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            scopes: row.try_get("scopes")?,
            within: row.try_get("within")?,
            created: row.try_get("created")?,
            expires: row.try_get("expires")?,
        })
    }
}

/// Stores a token; an earlier one of the same name is revoked.
pub(crate) async fn replace(conn: &mut Conn, token: &str, row: &TokenRow) -> Result<(), Fault> {
    sqlx::query("DELETE FROM tokens WHERE name = $1 AND hash <> $2")
        .bind(&row.name)
        .bind(sha256_hex(token.as_bytes()))
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "INSERT INTO tokens (hash, name, scopes, within, created, expires) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(&row.name)
    .bind(&row.scopes)
    .bind(&row.within)
    .bind(row.created)
    .bind(row.expires)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The token behind a text, unless it has expired. It is looked up by its hash, so timing tells nothing about stored tokens.
pub(crate) async fn find(conn: &mut Conn, token: &str) -> Result<Option<TokenRow>, Fault> {
    sqlx::query_as(
        "SELECT name, scopes, within, created, expires FROM tokens WHERE hash = $1 AND (expires IS NULL OR expires > $2)",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(now())
    .fetch_optional(conn)
    .await
    .db()
}

/// The token of a name, expired or not.
pub(crate) async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<TokenRow>, Fault> {
    sqlx::query_as("SELECT name, scopes, within, created, expires FROM tokens WHERE name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await
        .db()
}

/// All of them.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<TokenRow>, Fault> {
    sqlx::query_as("SELECT name, scopes, within, created, expires FROM tokens ORDER BY name")
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

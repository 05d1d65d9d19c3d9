//! API clients, and the access tokens that they were given; secrets as SHA-256 only.

use super::grants::Grant;
use super::{Conn, Db, DbRow};
use crate::wire::{now, sha256_hex};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// An API client.
#[derive(Clone)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    /// SHA-256 of the secret.
    pub(crate) secret: String,
    pub(crate) grant: Grant,
}

impl FromRow<'_, DbRow> for ClientRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            secret: row.try_get("secret")?,
            grant: Grant::from_row(row)?,
        })
    }
}

impl std::fmt::Debug for ClientRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientRow")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Finds one by its id.
pub(crate) async fn by_id(conn: &mut Conn, id: &str) -> Result<Option<ClientRow>, Fault> {
    sqlx::query_as("SELECT id, name, scope, within, secret, created, expires FROM clients WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one by its name.
pub(crate) async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<ClientRow>, Fault> {
    sqlx::query_as("SELECT id, name, scope, within, secret, created, expires FROM clients WHERE name_key = $1")
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// All of them.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<ClientRow>, Fault> {
    sqlx::query_as("SELECT id, name, scope, within, secret, created, expires FROM clients ORDER BY name_key")
        .fetch_all(conn)
        .await
        .db()
}

/// Writes one, new or not.
pub(crate) async fn put(conn: &mut Conn, row: &ClientRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO clients (id, name, name_key, scope, within, secret, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, \
         within = excluded.within, secret = excluded.secret, expires = excluded.expires",
    )
    .bind(&row.id)
    .bind(&row.grant.name)
    .bind(row.grant.name.to_lowercase())
    .bind(&row.grant.scope)
    .bind(&row.grant.within)
    .bind(&row.secret)
    .bind(row.grant.created)
    .bind(row.grant.expires)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one with the tokens it was given; false when there was none.
pub(crate) async fn delete(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    let done = sqlx::query("DELETE FROM clients WHERE name_key = $1")
        .bind(name.to_lowercase())
        .execute(conn)
        .await
        .db()?;
    Ok(done.rows_affected() > 0)
}

/// Remembers an access token until it expires, and forgets those that have.
pub(crate) async fn grant(conn: &mut Conn, token: &str, client: &str, expires: i64) -> Result<(), Fault> {
    sqlx::query("DELETE FROM client_tokens WHERE expires < $1")
        .bind(now())
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query("INSERT INTO client_tokens (hash, client, created, expires) VALUES ($1, $2, $3, $4)")
        .bind(sha256_hex(token.as_bytes()))
        .bind(client)
        .bind(now())
        .bind(expires)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Takes back every token of a client: its secret was replaced.
pub(crate) async fn revoke_tokens(conn: &mut Conn, client: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM client_tokens WHERE client = $1")
        .bind(client)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// The client behind an access token that has not expired.
pub(crate) async fn by_token(conn: &mut Conn, token: &str) -> Result<Option<ClientRow>, Fault> {
    sqlx::query_as(
        "SELECT c.id, c.name, c.scope, c.within, c.secret, c.created, c.expires FROM client_tokens t \
         JOIN clients c ON c.id = t.client WHERE t.hash = $1 AND t.expires > $2 AND (c.expires IS NULL OR c.expires > $2)",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(now())
    .fetch_optional(conn)
    .await
    .db()
}

//! Gateways: their documents, registration keys and credential certificates.

use super::{Conn, Db, DbRow};
use sluice_contract::Fault;
use sluice_contract::document::IntegrationRuntime;
use sqlx::{FromRow, Row};

/// A gateway.
#[derive(Clone, Debug)]
pub(crate) struct GatewayRow {
    pub(crate) id: String,
    pub(crate) factory: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) etag: String,
    /// ADF's `taskQueueId`.
    pub(crate) queue: String,
    /// For authKey1 and authKey2: the hash of the secret, and the wrapped secret.
    pub(crate) keys: [KeyRow; 2],
    /// PEM; credentials are sealed to it.
    pub(crate) certificate: Option<String>,
    pub(crate) thumbprint: Option<String>,
    pub(crate) created: i64,
    /// How many nodes it may have.
    pub(crate) places: i64,
}

impl GatewayRow {
    /// Whether it stands for machines of Azure, of which there are none: its document is kept, and it does no work.
    pub(crate) fn is_managed(&self) -> bool {
        let body: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        body.is_some_and(|body| IntegrationRuntime::view(&body).is_ok_and(|kind| kind == IntegrationRuntime::Managed))
    }
}

/// One registration key.
#[derive(Clone, Debug)]
pub(crate) struct KeyRow {
    pub(crate) hash: String,
    pub(crate) wrapped: String,
    /// Until when it registers nodes; for ever without.
    pub(crate) expires: Option<i64>,
}

impl FromRow<'_, DbRow> for GatewayRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            factory: row.try_get("factory")?,
            name: row.try_get("name")?,
            body: row.try_get("body")?,
            etag: row.try_get("etag")?,
            queue: row.try_get("queue")?,
            keys: [
                KeyRow {
                    hash: row.try_get("key1_hash")?,
                    wrapped: row.try_get("key1_wrapped")?,
                    expires: row.try_get("key1_expires")?,
                },
                KeyRow {
                    hash: row.try_get("key2_hash")?,
                    wrapped: row.try_get("key2_wrapped")?,
                    expires: row.try_get("key2_expires")?,
                },
            ],
            certificate: row.try_get("certificate")?,
            thumbprint: row.try_get("thumbprint")?,
            created: row.try_get("created")?,
            places: row.try_get("places")?,
        })
    }
}

/// Finds one by its name in a data factory.
pub(crate) async fn find(conn: &mut Conn, factory: &str, name: &str) -> Result<Option<GatewayRow>, Fault> {
    sqlx::query_as("SELECT * FROM gateways WHERE factory = $1 AND name_key = $2")
        .bind(factory)
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one by its id.
pub(crate) async fn by_id(conn: &mut Conn, id: &str) -> Result<Option<GatewayRow>, Fault> {
    sqlx::query_as("SELECT * FROM gateways WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Those of a data factory behind a name.
pub(crate) async fn list(conn: &mut Conn, factory: &str, behind: &str, limit: i64) -> Result<Vec<GatewayRow>, Fault> {
    sqlx::query_as("SELECT * FROM gateways WHERE factory = $1 AND name_key > $2 ORDER BY name_key LIMIT $3")
        .bind(factory)
        .bind(behind)
        .bind(limit)
        .fetch_all(conn)
        .await
        .db()
}

/// All of them, with the newest data factory last.
pub(crate) async fn all(conn: &mut Conn) -> Result<Vec<GatewayRow>, Fault> {
    sqlx::query_as("SELECT * FROM gateways ORDER BY factory, name_key")
        .fetch_all(conn)
        .await
        .db()
}

/// Writes one, new or not.
pub(crate) async fn put(conn: &mut Conn, row: &GatewayRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO gateways (id, factory, name, name_key, body, etag, queue, key1_hash, key1_wrapped, key2_hash, \
         key2_wrapped, certificate, thumbprint, created, key1_expires, key2_expires, places) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (id) DO UPDATE SET \
         body = excluded.body, etag = excluded.etag, key1_hash = excluded.key1_hash, \
         key1_wrapped = excluded.key1_wrapped, key2_hash = excluded.key2_hash, key2_wrapped = excluded.key2_wrapped, \
         certificate = excluded.certificate, thumbprint = excluded.thumbprint, key1_expires = excluded.key1_expires, \
         key2_expires = excluded.key2_expires, places = excluded.places",
    )
    .bind(&row.id)
    .bind(&row.factory)
    .bind(&row.name)
    .bind(row.name.to_lowercase())
    .bind(&row.body)
    .bind(&row.etag)
    .bind(&row.queue)
    .bind(&row.keys[0].hash)
    .bind(&row.keys[0].wrapped)
    .bind(&row.keys[1].hash)
    .bind(&row.keys[1].wrapped)
    .bind(&row.certificate)
    .bind(&row.thumbprint)
    .bind(row.created)
    .bind(row.keys[0].expires)
    .bind(row.keys[1].expires)
    .bind(row.places)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one with its nodes.
pub(crate) async fn delete(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM gateways WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

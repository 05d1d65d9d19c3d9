//! Data factories: the namespaces that documents live in.

use super::{Conn, Db, DbRow};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A data factory.
#[derive(Clone, Debug)]
pub(crate) struct FactoryRow {
    pub(crate) id: String,
    pub(crate) subscription: String,
    pub(crate) resource_group: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) etag: String,
    pub(crate) created: i64,
}

impl FromRow<'_, DbRow> for FactoryRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            subscription: row.try_get("subscription")?,
            resource_group: row.try_get("resource_group")?,
            name: row.try_get("name")?,
            body: row.try_get("body")?,
            etag: row.try_get("etag")?,
            created: row.try_get("created")?,
        })
    }
}

impl FactoryRow {
    /// `/subscriptions/../factories/..` in the spelling it was created with.
    pub(crate) fn resource_id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.DataFactory/factories/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

/// Finds one by its three names.
pub(crate) async fn find(
    conn: &mut Conn,
    subscription: &str,
    group: &str,
    name: &str,
) -> Result<Option<FactoryRow>, Fault> {
    sqlx::query_as("SELECT * FROM factories WHERE subscription_key = $1 AND group_key = $2 AND name_key = $3")
        .bind(subscription.to_lowercase())
        .bind(group.to_lowercase())
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one by its id.
pub(crate) async fn by_id(conn: &mut Conn, id: &str) -> Result<Option<FactoryRow>, Fault> {
    sqlx::query_as("SELECT * FROM factories WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Those of a subscription, and of a resource group if one is named, behind a name.
pub(crate) async fn list(
    conn: &mut Conn,
    subscription: &str,
    group: Option<&str>,
    behind: &str,
    limit: i64,
) -> Result<Vec<FactoryRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM factories WHERE subscription_key = $1 AND ($2 = '' OR group_key = $2) \
         AND name_key || ' ' || group_key > $3 ORDER BY name_key || ' ' || group_key LIMIT $4",
    )
    .bind(subscription.to_lowercase())
    .bind(group.unwrap_or_default().to_lowercase())
    .bind(behind)
    .bind(limit)
    .fetch_all(conn)
    .await
    .db()
}

/// Writes a new one, or the body and etag of an old one.
pub(crate) async fn put(conn: &mut Conn, row: &FactoryRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO factories (id, subscription, subscription_key, resource_group, group_key, name, name_key, body, \
         etag, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, etag = excluded.etag",
    )
    .bind(&row.id)
    .bind(&row.subscription)
    .bind(row.subscription.to_lowercase())
    .bind(&row.resource_group)
    .bind(row.resource_group.to_lowercase())
    .bind(&row.name)
    .bind(row.name.to_lowercase())
    .bind(&row.body)
    .bind(&row.etag)
    .bind(row.created)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one with all that is in it.
pub(crate) async fn delete(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM factories WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

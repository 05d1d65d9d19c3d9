//! Documents of Data Factory v1, and what was made of them.

use super::{Conn, Db, DbRow, stored};
use crate::wire::now;
use serde_json::Value;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct OldRow {
    /// Its collection in v1's paths.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) body: Value,
    /// Collection and name of the documents that were made of it.
    pub(crate) made: Vec<(String, String)>,
    pub(crate) created: i64,
}

impl FromRow<'_, DbRow> for OldRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let wrong = |fault: Fault| sqlx::Error::Decode(fault.into());
        let (body, made): (String, String) = (row.try_get("body")?, row.try_get("made")?);
        Ok(Self {
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            body: stored("a document of v1", &body).map_err(wrong)?,
            made: stored("what became of it", &made).map_err(wrong)?,
            created: row.try_get("created")?,
        })
    }
}

const COLUMNS: &str = "kind, name, body, made, created";

/// All of a data factory, by kind and name.
pub(crate) async fn all(conn: &mut Conn, factory: &str) -> Result<Vec<OldRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM v1_documents WHERE factory = $1 ORDER BY kind, name_key");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(factory)
        .fetch_all(conn)
        .await
        .db()
}

/// Finds one by name.
pub(crate) async fn find(conn: &mut Conn, factory: &str, kind: &str, name: &str) -> Result<Option<OldRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM v1_documents WHERE factory = $1 AND kind = $2 AND name_key = $3");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(factory)
        .bind(kind)
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Writes one, new or not.
pub(crate) async fn put(conn: &mut Conn, factory: &str, row: &OldRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO v1_documents (factory, kind, name_key, name, body, made, created, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (factory, kind, name_key) DO UPDATE SET \
         body = excluded.body, made = excluded.made, updated = excluded.updated",
    )
    .bind(factory)
    .bind(&row.kind)
    .bind(row.name.to_lowercase())
    .bind(&row.name)
    .bind(super::json(&row.body)?)
    .bind(super::json(&row.made)?)
    .bind(row.created)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one.
pub(crate) async fn delete(conn: &mut Conn, factory: &str, kind: &str, name: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM v1_documents WHERE factory = $1 AND kind = $2 AND name_key = $3")
        .bind(factory)
        .bind(kind)
        .bind(name.to_lowercase())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

//! Linked services, datasets and pipelines, as JSON without secrets.

use super::{Conn, Db, DbRow, stored};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};
use std::collections::BTreeMap;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DocumentKind {
    LinkedService,
    Dataset,
    Pipeline,
    DataFlow,
    Credential,
    GlobalParameter,
    Trigger,
}

impl DocumentKind {
    /// The collection's name in paths, ids and the database.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            DocumentKind::LinkedService => "linkedservices",
            DocumentKind::Dataset => "datasets",
            DocumentKind::Pipeline => "pipelines",
            DocumentKind::DataFlow => "dataflows",
            DocumentKind::Credential => "credentials",
            DocumentKind::GlobalParameter => "globalParameters",
            DocumentKind::Trigger => "triggers",
        }
    }

    /// The `type` of a reference to one.
    pub(crate) fn reference(self) -> &'static str {
        match self {
            DocumentKind::LinkedService => "LinkedServiceReference",
            DocumentKind::Dataset => "DatasetReference",
            DocumentKind::Pipeline => "PipelineReference",
            DocumentKind::DataFlow => "DataFlowReference",
            DocumentKind::Credential => "CredentialReference",
            DocumentKind::GlobalParameter => "GlobalParameterReference",
            DocumentKind::Trigger => "TriggerReference",
        }
    }
}

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct DocumentRow {
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) etag: String,
    /// Sealed credentials by gateway id.
    pub(crate) sealed: BTreeMap<String, String>,
}

impl FromRow<'_, DbRow> for DocumentRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let sealed: Option<String> = row.try_get("sealed")?;
        Ok(Self {
            name: row.try_get("name")?,
            body: row.try_get("body")?,
            etag: row.try_get("etag")?,
            sealed: sealed
                .map(|text| stored("sealed credentials", &text))
                .transpose()
                .map_err(|fault| sqlx::Error::Decode(fault.into()))?
                .unwrap_or_default(),
        })
    }
}

/// Finds one by name.
pub(crate) async fn find(
    conn: &mut Conn,
    factory: &str,
    kind: DocumentKind,
    name: &str,
) -> Result<Option<DocumentRow>, Fault> {
    sqlx::query_as("SELECT name, body, etag, sealed FROM documents WHERE factory = $1 AND kind = $2 AND name_key = $3")
        .bind(factory)
        .bind(kind.collection())
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Those behind a name, in the order of their names.
pub(crate) async fn list(
    conn: &mut Conn,
    factory: &str,
    kind: DocumentKind,
    behind: &str,
    limit: i64,
) -> Result<Vec<DocumentRow>, Fault> {
    sqlx::query_as(
        "SELECT name, body, etag, sealed FROM documents WHERE factory = $1 AND kind = $2 AND name_key > $3 \
         ORDER BY name_key LIMIT $4",
    )
    .bind(factory)
    .bind(kind.collection())
    .bind(behind)
    .bind(limit)
    .fetch_all(conn)
    .await
    .db()
}

/// Writes one, new or not.
pub(crate) async fn put(conn: &mut Conn, factory: &str, kind: DocumentKind, row: &DocumentRow) -> Result<(), Fault> {
    let sealed = if row.sealed.is_empty() {
        None
    } else {
        Some(super::json(&row.sealed)?)
    };
    sqlx::query(
        "INSERT INTO documents (factory, kind, name_key, name, body, etag, sealed, created, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (factory, kind, name_key) DO UPDATE SET \
         body = excluded.body, etag = excluded.etag, sealed = excluded.sealed, updated = excluded.updated",
    )
    .bind(factory)
    .bind(kind.collection())
    .bind(row.name.to_lowercase())
    .bind(&row.name)
    .bind(&row.body)
    .bind(&row.etag)
    .bind(sealed)
    .bind(crate::wire::now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Deletes one; false when there was none.
pub(crate) async fn delete(conn: &mut Conn, factory: &str, kind: DocumentKind, name: &str) -> Result<bool, Fault> {
    let done = sqlx::query("DELETE FROM documents WHERE factory = $1 AND kind = $2 AND name_key = $3")
        .bind(factory)
        .bind(kind.collection())
        .bind(name.to_lowercase())
        .execute(conn)
        .await
        .db()?;
    Ok(done.rows_affected() > 0)
}

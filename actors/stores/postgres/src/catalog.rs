//! What the catalog says about a table.

use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use sluice_contract::{Code, Fault};

/// A table, view or the like.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// With its schema.
    pub(crate) name: TableName,
    /// A table of rows in blocks, whose rows can be addressed by block.
    pub(crate) in_blocks: bool,
    /// Its blocks now.
    pub(crate) blocks: u64,
    /// Rows, as the last ANALYZE or VACUUM estimated them, scaled to today's size.
    pub(crate) rows: Option<u64>,
}

const FIND: &str = "SELECT n.nspname::text, c.relname::text, c.relkind::text, coalesce(a.amname::text, ''), \
     c.relpages, c.reltuples::float8, \
     CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / current_setting('block_size')::int8 ELSE 0 END \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam \
     WHERE c.oid = to_regclass($1)";

/// Finds a table; none when there is none of that name.
///
/// # Errors
/// `SL6006` when the schema may not be used; other `SL60xx`.
pub(crate) async fn find(session: &Session, table: &TableName) -> Result<Option<Relation>, Fault> {
    let doing = format!("looking up {table}");
    let failed = |error| errors::fault(&doing, &error);
    let Some(row) = session.query_opt(FIND, &[&table.quoted()]).await.map_err(failed)? else {
        return Ok(None);
    };
    let kind: String = row.try_get(2).map_err(failed)?;
    let access: String = row.try_get(3).map_err(failed)?;
    let (pages, tuples): (i32, f64) = (row.try_get(4).map_err(failed)?, row.try_get(5).map_err(failed)?);
    let blocks = u64::try_from(row.try_get::<_, i64>(6).map_err(failed)?).unwrap_or(0);
    // A heap is estimated by its density at the last ANALYZE. Nothing is known before: -1, or 0 pages before version 14.
    let rows = match kind.as_str() {
        "r" | "m" if tuples >= 0.0 && pages > 0 => Some(tuples / f64::from(pages) * blocks as f64),
        "p" if tuples > 0.0 => Some(tuples),
        _ => None,
    };
    Ok(Some(Relation {
        name: TableName {
            schema: Some(row.try_get(0).map_err(failed)?),
            table: row.try_get(1).map_err(failed)?,
        },
        in_blocks: matches!(kind.as_str(), "r" | "m") && access == "heap",
        blocks,
        rows: rows.map(|rows| rows as u64),
    }))
}

/// Finds a table that has to be there.
///
/// # Errors
/// `SL6004` when it is not; other `SL60xx`.
pub(crate) async fn get(session: &Session, table: &TableName) -> Result<Relation, Fault> {
    find(session, table).await?.ok_or_else(|| missing(table))
}

/// There is no such table.
pub(crate) fn missing(table: &TableName) -> Fault {
    Fault::new(
        Code::TableNotFound,
        format!("there is no table {table} that this user may see (names are case-sensitive)"),
    )
}

/// The server's version, such as 150018.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn version(session: &Session) -> Result<i32, Fault> {
    let failed = |error| errors::fault("asking for the server's version", &error);
    let row = session
        .query_one("SELECT current_setting('server_version_num')::int4", &[])
        .await
        .map_err(failed)?;
    row.try_get(0).map_err(failed)
}

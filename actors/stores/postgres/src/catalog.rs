//! What the catalog says about a table.

use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use sluice_contract::{Code, Fault};
use tokio_postgres::Row;

/// A table, view or the like.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// With its schema.
    pub(crate) name: TableName,
    /// A table of rows in blocks, whose rows can be addressed by block.
    pub(crate) in_blocks: bool,
    /// A table that consists of partitions.
    pub(crate) partitioned: bool,
    /// Its blocks now.
    pub(crate) blocks: u64,
    /// Rows, as the last ANALYZE or VACUUM estimated them, scaled to today's size.
    pub(crate) rows: Option<u64>,
    /// For a partition: the names of the partitions it belongs to itself.
    pub(crate) ancestors: Vec<String>,
    /// For a partition: read by itself it gives this user the same rows as through the table it belongs to.
    pub(crate) as_the_parent: bool,
}

const FACTS: &str = "n.nspname::text, c.relname::text, c.relkind::text, coalesce(a.amname::text, ''), \
     c.relpages, c.reltuples::float8, \
     CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / current_setting('block_size')::int8 ELSE 0 END";
const CATALOG: &str = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam";

/// Finds a table; none when there is none of that name.
///
/// # Errors
/// `SL6006` when the schema may not be used; other `SL60xx`.
pub(crate) async fn find(session: &Session, table: &TableName) -> Result<Option<Relation>, Fault> {
    let failed = |error| errors::fault(&format!("looking up {table}"), &error);
    let query = format!("SELECT {FACTS} FROM {CATALOG} WHERE c.oid = to_regclass($1)");
    let row = session.query_opt(&query, &[&table.quoted()]).await.map_err(failed)?;
    row.map(|row| relation(&row, Vec::new()).map_err(failed)).transpose()
}

/// The partitions of a partitioned table that hold rows themselves, by name.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn leaves(session: &Session, table: &TableName) -> Result<Vec<Relation>, Fault> {
    let failed = |error| errors::fault(&format!("looking up the partitions of {table}"), &error);
    let query = format!(
        "SELECT {FACTS}, ARRAY(SELECT p.relname::text FROM pg_partition_ancestors(c.oid) AS up(oid) \
         JOIN pg_class p ON p.oid = up.oid WHERE p.oid NOT IN (c.oid, to_regclass($1))), \
         has_table_privilege(c.oid, 'SELECT') AND NOT EXISTS (SELECT FROM pg_partition_ancestors(c.oid) AS up(oid) \
         JOIN pg_class p ON p.oid = up.oid WHERE p.relrowsecurity) \
         FROM pg_partition_tree(to_regclass($1)) t JOIN {CATALOG} ON c.oid = t.relid WHERE t.isleaf ORDER BY 1, 2"
    );
    let rows = session.query(&query, &[&table.quoted()]).await.map_err(failed)?;
    let leaf = |row: &Row| {
        Ok(Relation {
            as_the_parent: row.try_get(8)?,
            ..relation(row, row.try_get(7)?)?
        })
    };
    rows.iter().map(|row| leaf(row).map_err(failed)).collect()
}

fn relation(row: &Row, ancestors: Vec<String>) -> Result<Relation, tokio_postgres::Error> {
    let kind: String = row.try_get(2)?;
    let access: String = row.try_get(3)?;
    let (pages, tuples): (i32, f64) = (row.try_get(4)?, row.try_get(5)?);
    let blocks = u64::try_from(row.try_get::<_, i64>(6)?).unwrap_or(0);
    // A heap is estimated by its density at the last ANALYZE. Nothing is known before: -1, or 0 pages before version 14.
    let rows = match kind.as_str() {
        "r" | "m" if tuples >= 0.0 && pages > 0 => Some(tuples / f64::from(pages) * blocks as f64),
        "p" if tuples > 0.0 => Some(tuples),
        _ => None,
    };
    Ok(Relation {
        name: TableName {
            schema: Some(row.try_get(0)?),
            table: row.try_get(1)?,
        },
        in_blocks: matches!(kind.as_str(), "r" | "m") && access == "heap",
        partitioned: kind == "p",
        blocks,
        rows: rows.map(|rows| rows as u64),
        ancestors,
        as_the_parent: true,
    })
}

/// The columns of a table's primary key, in its order; empty when it has none.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn primary_key(session: &Session, table: &TableName) -> Result<Vec<String>, Fault> {
    const QUERY: &str = "SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, place), \
         pg_attribute a WHERE i.indrelid = to_regclass($1) AND i.indisprimary AND a.attrelid = i.indrelid \
         AND a.attnum = k.attnum AND k.place <= i.indnkeyatts ORDER BY k.place";
    let failed = |error| errors::fault(&format!("looking up the primary key of {table}"), &error);
    let rows = session.query(QUERY, &[&table.quoted()]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
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

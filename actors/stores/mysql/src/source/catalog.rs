//! What the information schema says about a table.

use crate::names::{TableName, literal};
use crate::session::Session;
use sluice_contract::Fault;

/// A table or view.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    /// Whether its rows have snapshots, and can be locked for a moment.
    pub(super) transactional: bool,
    /// Rows, as the server estimates them.
    pub(super) rows: Option<u64>,
    /// The first column of its primary key.
    pub(super) key: Option<String>,
}

/// Looks a table up.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn find(session: &mut Session, table: &TableName) -> Result<Relation, Fault> {
    let doing = format!("looking up {table}");
    let place = format!(
        "TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        literal(&table.database),
        literal(&table.table)
    );
    let query = format!("SELECT TABLE_TYPE, ENGINE, TABLE_ROWS FROM information_schema.TABLES WHERE {place}");
    let Some(row) = session.row(&doing, &query).await? else {
        return Ok(Relation::default());
    };
    let cell = |index: usize| row.get(index).cloned().flatten();
    let is_table = cell(0).is_some_and(|kind| kind == "BASE TABLE");
    let engine = cell(1).unwrap_or_default().to_ascii_lowercase();
    let transactional = is_table && matches!(engine.as_str(), "innodb" | "rocksdb" | "ndbcluster");
    let query = format!(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE {place} AND INDEX_NAME = 'PRIMARY' \
         AND SEQ_IN_INDEX = 1"
    );
    let key = session.row(&doing, &query).await?;
    Ok(Relation {
        transactional,
        rows: cell(2).and_then(|rows| rows.parse().ok()),
        key: key.and_then(|row| row.into_iter().next().flatten()),
    })
}

/// The names of a table's partitions, in their order; empty when it has none.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn partitions(session: &mut Session, table: &TableName) -> Result<Vec<String>, Fault> {
    let query = format!(
        "SELECT DISTINCT PARTITION_NAME, PARTITION_ORDINAL_POSITION FROM information_schema.PARTITIONS \
         WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} AND PARTITION_NAME IS NOT NULL ORDER BY 2",
        literal(&table.database),
        literal(&table.table)
    );
    let answer = session
        .run(&format!("looking up the partitions of {table}"), &query)
        .await?;
    Ok(answer
        .rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect())
}

//! Parts: partitions that are whole in the staging table, and the table that says so beside it.
//!
//! Batches of several partitions come into the staging table in turns, each in a transaction of its own. So every row bears
//! the number of its part, and rows whose part was not finished are removed before anybody counts on the staging.

use super::stage::{self, PREFIX as STAGE_PREFIX};
use super::target::Target;
use crate::errors;
use crate::names::quote;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part};

const PREFIX: &str = "_sluice_parts_";

/// The staging table's column with the number of the part.
pub(super) const COLUMN: &str = "_sluice_part";

/// Whether rows of this target can bear the number of their part.
pub(super) fn have_room(target: &Target) -> bool {
    let is_ours = |name: &str| name.eq_ignore_ascii_case(COLUMN);
    !target.columns.iter().any(|column| is_ours(&column.name))
}

/// The table of parts of a staging table.
pub(super) fn name(stage: &str) -> String {
    format!("{PREFIX}{}", stage.strip_prefix(STAGE_PREFIX).unwrap_or(stage))
}

fn sql(stage: &str) -> String {
    format!("main.{}", quote(&name(stage)))
}

fn failed(doing: &str) -> impl Fn(rusqlite::Error) -> Fault + '_ {
    move |error| errors::fault(doing, &error)
}

/// Makes the table of parts, empty. A part has a number when its first row is written, and a label when it is whole.
///
/// # Errors
/// `SL60xx`.
pub(super) fn create(connection: &Connection, stage: &str) -> Result<(), Fault> {
    let create = format!(
        "CREATE TABLE {} (number INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE, rows INTEGER, note TEXT)",
        sql(stage)
    );
    connection
        .execute_batch(&create)
        .map_err(failed("creating the table of parts"))
}

/// The parts that are whole.
///
/// # Errors
/// `SL60xx`.
pub(super) fn list(connection: &Connection, stage: &str) -> Result<Vec<Part>, Fault> {
    let query = format!("SELECT label, rows, note FROM {} WHERE label IS NOT NULL", sql(stage));
    let read = || {
        let mut statement = connection.prepare(&query)?;
        let parts = statement.query_map([], |row| {
            Ok(Part {
                label: row.get(0)?,
                rows: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
                note: row.get(2)?,
            })
        })?;
        parts.collect::<rusqlite::Result<Vec<Part>>>()
    };
    read().map_err(failed("reading the table of parts"))
}

/// A number for a part that is about to be written.
///
/// # Errors
/// `SL60xx`, also when a later attempt took the staging over.
pub(super) fn begin(connection: &Connection, stage: &str) -> Result<i64, Fault> {
    connection
        .execute(&format!("INSERT INTO {} (label) VALUES (NULL)", sql(stage)), [])
        .map_err(failed("beginning a part"))?;
    Ok(connection.last_insert_rowid())
}

/// Notes that a part is whole.
///
/// # Errors
/// `SL7004` when it is there already, or the staging was given up; other `SL60xx`.
pub(super) fn finish(connection: &Connection, stage: &str, number: i64, part: &Part) -> Result<(), Fault> {
    let doing = format!("noting {}", part.label);
    let table = sql(stage);
    let update = format!(
        "UPDATE {table} SET label = ?2, rows = ?3, note = ?4 WHERE number = ?1 AND label IS NULL \
         AND NOT EXISTS (SELECT 1 FROM {table} WHERE label = ?2)"
    );
    let rows = i64::try_from(part.rows).unwrap_or(i64::MAX);
    let noted = connection
        .execute(&update, params![number, part.label, rows, part.note])
        .map_err(failed(&doing))?;
    match noted {
        0 => {
            let text = format!("{} is staged already, or was given up meanwhile", part.label);
            Err(Fault::new(Code::CommitDenied, text))
        }
        _ => Ok(()),
    }
}

/// Removes the rows of parts that were not finished.
///
/// # Errors
/// `SL60xx`; nothing has changed then.
pub(super) fn keep_whole(connection: &mut Connection, stage: &str) -> Result<(), Fault> {
    within(connection, "removing parts that are not whole", |transaction| {
        only_whole(transaction, stage)
    })
}

/// Empties the staging table and its parts.
///
/// # Errors
/// `SL60xx`; nothing has changed then.
pub(super) fn empty(connection: &mut Connection, stage: &str) -> Result<(), Fault> {
    within(connection, "emptying the staging table", |transaction| {
        transaction.execute_batch(&format!(
            "DELETE FROM main.{}; DELETE FROM {}",
            quote(stage),
            sql(stage)
        ))
    })
}

/// Gives the newest staging table with parts of an earlier attempt to this one: it replaces the new, empty one, if it has the
/// same columns. Whoever writes under the old name finds nothing of that name again.
///
/// # Errors
/// `SL60xx`; nothing has changed then.
pub(super) fn take_over(connection: &mut Connection, stage: &str, key: &CommitKey) -> Result<bool, Fault> {
    const DOING: &str = "taking over the staging table of an earlier attempt";
    let earlier = stage::of_job(connection, stage)?;
    let newest = earlier
        .into_iter()
        .filter_map(|table| stage::token(&table).map(|token| (token, table)))
        .filter(|(token, _)| *token < key.token)
        .max();
    let Some((_, old)) = newest else { return Ok(false) };
    // Otherwise a view that is broken already would be in the way of any new name.
    connection
        .execute_batch("PRAGMA legacy_alter_table = ON")
        .map_err(failed(DOING))?;
    within(connection, DOING, |transaction| {
        let alike = columns(transaction, &old)? == columns(transaction, stage)?;
        if !alike || columns(transaction, &name(&old))?.is_empty() {
            return Ok(false);
        }
        only_whole(transaction, &old)?;
        transaction.execute_batch(&format!(
            "DROP TABLE main.{own}; DROP TABLE {own_parts}; ALTER TABLE main.{} RENAME TO {own}; \
             ALTER TABLE {} RENAME TO {}",
            quote(&old),
            sql(&old),
            quote(&name(stage)),
            own = quote(stage),
            own_parts = sql(stage),
        ))?;
        Ok(true)
    })
}

fn only_whole(transaction: &Transaction<'_>, stage: &str) -> rusqlite::Result<()> {
    let table = sql(stage);
    let unfinished: Option<i64> = transaction
        .query_row(
            &format!("SELECT number FROM {table} WHERE label IS NULL LIMIT 1"),
            [],
            |row| row.get(0),
        )
        .optional()?;
    if unfinished.is_none() {
        return Ok(());
    }
    transaction.execute_batch(&format!(
        "DELETE FROM main.{} WHERE {} IN (SELECT number FROM {table} WHERE label IS NULL); \
         DELETE FROM {table} WHERE label IS NULL",
        quote(stage),
        quote(COLUMN),
    ))
}

fn columns(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = transaction.prepare("SELECT name, type FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    columns.collect()
}

fn within<T>(
    connection: &mut Connection,
    doing: &str,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> Result<T, Fault> {
    let failed = failed(doing);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    let done = work(&transaction).map_err(&failed)?;
    transaction.commit().map_err(&failed)?;
    Ok(done)
}

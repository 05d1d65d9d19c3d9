//! The staging table: its name, its making, and what earlier attempts left.

use super::target::Target;
use crate::errors;
use crate::names::quote;
use rusqlite::Connection;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;

const PREFIX: &str = "_sluice_stage_";

/// Makes the staging table of an attempt, empty, and drops what earlier attempts of the job left.
///
/// # Errors
/// `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(crate) fn create(connection: &Connection, target: &Target, key: &CommitKey) -> Result<String, Fault> {
    let stage = format!("{PREFIX}{}", key.tag());
    for left in of_job(connection, &stage)? {
        match token(&left) {
            Some(token) if token > key.token => {
                let text = format!("a later attempt of the job, with token {token}, is staging already");
                return Err(Fault::new(Code::CommitDenied, text));
            }
            Some(_) => drop(connection, &left)?,
            None => {}
        }
    }
    let create = format!("CREATE TABLE main.{} ({})", quote(&stage), target.stage_columns());
    connection
        .execute_batch(&create)
        .map_err(|error| errors::fault("creating the staging table", &error))?;
    Ok(stage)
}

fn of_job(connection: &Connection, stage: &str) -> Result<Vec<String>, Fault> {
    let prefix = stage.rsplitn(3, '_').nth(2).unwrap_or(stage).to_owned() + "_";
    let find = || {
        let query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1";
        let mut statement = connection.prepare(query)?;
        let names = statement.query_map([&prefix], |row| row.get(0))?;
        names.collect::<rusqlite::Result<Vec<String>>>()
    };
    find().map_err(|error| errors::fault("looking for staging tables of earlier attempts", &error))
}

/// Drops a staging table, if it is there.
///
/// # Errors
/// `SL6014` when it is in use; other `SL60xx`.
pub(crate) fn drop(connection: &Connection, stage: &str) -> Result<(), Fault> {
    connection
        .execute_batch(&format!("DROP TABLE IF EXISTS main.{}", quote(stage)))
        .map_err(|error| errors::fault(&format!("dropping {stage}"), &error))
}

/// Sees that the staging table is still there.
///
/// # Errors
/// `SL7004` when it is not: only a later attempt of the same job removes it. Other `SL60xx`.
pub(crate) fn check(connection: &Connection, stage: &str) -> Result<(), Fault> {
    let query = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    let there: bool = connection
        .query_row(query, [stage], |row| row.get(0))
        .map_err(|error| errors::fault(&format!("looking for {stage}"), &error))?;
    if there {
        return Ok(());
    }
    let text = format!("the staging table {stage} was removed, as a later attempt of the job does");
    Err(Fault::new(Code::CommitDenied, text))
}

/// Counts the staged rows.
///
/// # Errors
/// `SL7004` when a later attempt removed them; other `SL60xx`.
pub(crate) fn count(connection: &Connection, stage: &str) -> Result<u64, Fault> {
    check(connection, stage)?;
    let query = format!("SELECT count(*) FROM main.{}", quote(stage));
    let rows: i64 = connection
        .query_row(&query, [], |row| row.get(0))
        .map_err(|error| errors::fault(&format!("counting the rows of {stage}"), &error))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// The token in a staging table's name.
fn token(table: &str) -> Option<u64> {
    let mut parts = table.strip_prefix(PREFIX)?.rsplit('_');
    let token = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    Some(token)
}

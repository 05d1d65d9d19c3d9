//! The staging table: its place, its name, its making, and what earlier attempts left.

use super::parts;
use super::side;
use super::target::Target;
use crate::errors;
use crate::names::quote;
use rusqlite::Connection;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part, Staging};
use std::path::{Path, PathBuf};

pub(super) const PREFIX: &str = "_sluice_stage_";

/// Where an attempt stages its rows.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// `main`, or the name of the file beside the database.
    pub(super) schema: &'static str,
    pub(super) table: String,
    /// The file beside the database, if it is in one.
    pub(super) file: Option<PathBuf>,
}

impl Stage {
    /// The table, for SQL.
    pub(crate) fn sql(&self) -> String {
        format!("{}.{}", self.schema, quote(&self.table))
    }

    /// Sees that it is still there.
    ///
    /// # Errors
    /// `SL7004` when it is not: only a later attempt of the same job removes it. Other `SL60xx`.
    pub(crate) fn check(&self, connection: &Connection) -> Result<(), Fault> {
        let table = &self.table;
        let query = format!(
            "SELECT count(*) FROM {}.sqlite_schema WHERE type = 'table' AND name = ?1",
            self.schema
        );
        let there: bool = connection
            .query_row(&query, [table], |row| row.get(0))
            .map_err(|error| errors::fault(&format!("looking for {table}"), &error))?;
        if there && self.file.as_ref().is_none_or(|file| file.exists()) {
            return Ok(());
        }
        let text = format!("the staging table {table} was removed, as a later attempt of the job does");
        Err(Fault::new(Code::CommitDenied, text))
    }

    /// Counts the staged rows.
    ///
    /// # Errors
    /// `SL7004` when a later attempt removed them; other `SL60xx`.
    pub(crate) fn count(&self, connection: &Connection) -> Result<u64, Fault> {
        self.check(connection)?;
        let rows: i64 = connection
            .query_row(&format!("SELECT count(*) FROM {}", self.sql()), [], |row| row.get(0))
            .map_err(|error| errors::fault(&format!("counting the rows of {}", self.table), &error))?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// `SL6014` when it is in use; other `SL60xx`.
    pub(crate) fn remove(&self, connection: &Connection) -> Result<(), Fault> {
        match &self.file {
            None => drop(connection, &self.table),
            Some(file) => side::remove(connection, file),
        }
    }
}

/// Makes the staging table of an attempt, with parts beside it, or takes over that of an earlier attempt, or finds that of
/// another node; what earlier attempts left otherwise is dropped.
///
/// # Errors
/// `SL7004` when a later attempt is staging already, or a staging table to be joined is gone; other `SL60xx`.
pub(crate) fn parted(
    connection: &mut Connection,
    path: &Path,
    target: &Target,
    key: &CommitKey,
    staging: &Staging,
) -> Result<(Stage, Vec<Part>), Fault> {
    let stage = Stage {
        schema: "main",
        table: format!("{PREFIX}{}", key.tag()),
        file: None,
    };
    let left = of_job(connection, &stage.table)?;
    if let Some(token) = left
        .iter()
        .filter_map(|left| token(left))
        .find(|token| *token > key.token)
    {
        return Err(later(token));
    }
    if let Staging::Join { .. } = staging {
        stage.check(connection)?;
        let parts = parts::list(connection, &stage.table)?;
        return Ok((stage, parts));
    }
    side::clean_up(path, &stage.table, key)?;
    // What this very attempt left when its process was killed, before anybody counted on it.
    drop(connection, &stage.table)?;
    let create = format!(
        "CREATE TABLE {} ({}, {} INTEGER NOT NULL)",
        stage.sql(),
        target.stage_columns(),
        quote(parts::COLUMN)
    );
    connection
        .execute_batch(&create)
        .map_err(|error| errors::fault("creating the staging table", &error))?;
    parts::create(connection, &stage.table)?;
    if let Staging::Resume { .. } = staging {
        parts::take_over(connection, &stage.table, key)?;
    }
    for left in of_job(connection, &stage.table)? {
        if left != stage.table && token(&left).is_some() {
            drop(connection, &left)?;
        }
    }
    let parts = parts::list(connection, &stage.table)?;
    Ok((stage, parts))
}

/// Makes the staging table of an attempt, empty, and drops what earlier attempts of the job left. `beside` puts it into a
/// file of its own.
///
/// # Errors
/// `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(crate) fn create(
    connection: &Connection,
    (path, beside): (&Path, bool),
    target: &Target,
    key: &CommitKey,
) -> Result<Stage, Fault> {
    let table = format!("{PREFIX}{}", key.tag());
    for left in of_job(connection, &table)? {
        match token(&left) {
            Some(token) if token > key.token => return Err(later(token)),
            Some(_) if beside => {
                // Nobody writes into the database now: the commit removes it.
                tracing::debug!(
                    table = left,
                    "An earlier attempt's staging table stays until the commit"
                );
            }
            Some(_) => drop(connection, &left)?,
            None => {}
        }
    }
    side::clean_up(path, &table, key)?;
    let stage = match beside {
        false => Stage {
            schema: "main",
            table,
            file: None,
        },
        true => side::attach(connection, path, table)?,
    };
    let create = format!("CREATE TABLE {} ({})", stage.sql(), target.stage_columns());
    connection
        .execute_batch(&create)
        .map_err(|error| errors::fault("creating the staging table", &error))?;
    Ok(stage)
}

/// Drops the staging tables of a job, but for those of later attempts.
///
/// # Errors
/// `SL60xx`.
pub(super) fn drop_all(connection: &Connection, stage: &Stage, key: &CommitKey) -> Result<(), Fault> {
    for left in of_job(connection, &stage.table)? {
        if token(&left).is_some_and(|token| token <= key.token) {
            drop(connection, &left)?;
        }
    }
    Ok(())
}

pub(super) fn later(token: u64) -> Fault {
    let text = format!("a later attempt of the job, with token {token}, is staging already");
    Fault::new(Code::CommitDenied, text)
}

/// What the names of all staging tables of a job begin with.
pub(super) fn of_same_job(table: &str) -> String {
    table.rsplitn(3, '_').nth(2).unwrap_or(table).to_owned() + "_"
}

pub(super) fn of_job(connection: &Connection, table: &str) -> Result<Vec<String>, Fault> {
    let prefix = of_same_job(table);
    let find = || {
        let query = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1";
        let mut statement = connection.prepare(query)?;
        let names = statement.query_map([&prefix], |row| row.get(0))?;
        names.collect::<rusqlite::Result<Vec<String>>>()
    };
    find().map_err(|error| errors::fault("looking for staging tables of earlier attempts", &error))
}

fn drop(connection: &Connection, table: &str) -> Result<(), Fault> {
    connection
        .execute_batch(&format!(
            "DROP TABLE IF EXISTS main.{}; DROP TABLE IF EXISTS main.{}",
            quote(table),
            quote(&parts::name(table))
        ))
        .map_err(|error| errors::fault(&format!("dropping {table}"), &error))
}

/// The token in a staging table's name.
pub(super) fn token(table: &str) -> Option<u64> {
    let mut parts = table.strip_prefix(PREFIX)?.rsplit('_');
    let token = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    Some(token)
}

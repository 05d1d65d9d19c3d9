//! Staging in a file beside the database, for a copy from the database into itself.

use super::stage::{Stage, later, of_same_job, token};
use crate::errors;
use rusqlite::Connection;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The name under which the file is attached.
const SCHEMA: &str = "sluice_stage";

/// Makes the file and attaches it.
///
/// # Errors
/// `SL6006` when it cannot be made; other `SL60xx`.
pub(super) fn attach(connection: &Connection, path: &Path, table: String) -> Result<Stage, Fault> {
    let file = std::path::absolute(beside(path, &table)).map_err(|error| unusable(path, &error))?;
    // Nobody but the owner reads what is staged, whoever reads the database.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    made.map_err(|error| unusable(&file, &error))?;
    let name = file.to_str().ok_or_else(|| unusable(&file, &"its name is not UTF-8"))?;
    let attach = || {
        connection.execute(&format!("ATTACH DATABASE ?1 AS {SCHEMA}"), [name])?;
        // A stage that a crash damages is not used again.
        connection.execute_batch(&format!(
            "PRAGMA {SCHEMA}.journal_mode = MEMORY; PRAGMA {SCHEMA}.synchronous = OFF"
        ))
    };
    attach().map_err(|error| errors::fault(&format!("attaching {}", file.display()), &error))?;
    Ok(Stage {
        schema: SCHEMA,
        table,
        file: Some(file),
    })
}

/// Detaches the file and removes it.
///
/// # Errors
/// `SL6006` when it cannot be removed; other `SL60xx`.
pub(super) fn remove(connection: &Connection, file: &Path) -> Result<(), Fault> {
    if connection.execute_batch(&format!("DETACH DATABASE {SCHEMA}")).is_err() {
        tracing::debug!(file = %file.display(), "A staging file is still in use when it is removed");
    }
    delete(file)
}

/// Removes the files that earlier attempts of the job left.
///
/// # Errors
/// `SL7004` when a later attempt is staging already; `SL6006` when one cannot be removed.
pub(super) fn clean_up(path: &Path, table: &str, key: &CommitKey) -> Result<(), Fault> {
    let (folder, begin) = (folder(path), beside(path, &of_same_job(table)));
    let begin = begin.file_name().map(|name| name.to_string_lossy().into_owned());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // A folder that may be used and not listed holds no file of ours: they are made there.
        Err(_) => return Ok(()),
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(table) = begin
            .as_ref()
            .filter(|begin| name.starts_with(*begin))
            .and_then(|_| name.rsplit_once('.'))
        else {
            continue;
        };
        match token(table.1) {
            Some(token) if token > key.token => return Err(later(token)),
            Some(_) => delete(&entry.path())?,
            None => {}
        }
    }
    Ok(())
}

/// `NAME._sluice_stage_TAG` beside `NAME`.
fn beside(path: &Path, table: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(table);
    path.with_file_name(name)
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn delete(file: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(file, &error)),
        _ => Ok(()),
    }
}

fn unusable(file: &Path, why: &dyn std::fmt::Display) -> Fault {
    let text = format!("staging beside the database, in {}: {why}", file.display());
    Fault::new(Code::PermissionDenied, text)
}

//! Parts: partitions that are whole in the staging table, and the table that says so beside it.

use super::stage;
use crate::names::{TableName, literal};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part};

const PREFIX: &str = "_sluice_parts_";

/// How many writers of one staging table can be found by a later attempt, and ended.
const WRITERS: usize = 64;

/// The table of parts of a staging table.
pub(super) fn name(stage: &TableName) -> TableName {
    let tag = stage.table.strip_prefix(stage::PREFIX).unwrap_or(&stage.table);
    stage.beside(format!("{PREFIX}{tag}"))
}

/// Makes the table of parts, empty. Labels can be longer than a key, so their hash is the key.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn create(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    let parts = name(stage);
    let create = format!(
        "CREATE TABLE {} (hash char(64) CHARACTER SET ascii NOT NULL PRIMARY KEY, label mediumtext NOT NULL, \
         `rows` bigint unsigned NOT NULL, note mediumtext NOT NULL) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
        parts.quoted()
    );
    session.run(&format!("creating {parts}"), &create).await.map(drop)
}

/// The parts that are there.
///
/// # Errors
/// `SL7004` when a later attempt took them over; other `SL60xx`.
pub(super) async fn list(session: &mut Session, stage: &TableName) -> Result<Vec<Part>, Fault> {
    let parts = name(stage);
    let doing = format!("reading {parts}");
    let query = format!("SELECT label, `rows`, note FROM {}", parts.quoted());
    let found = session
        .run(&doing, &query)
        .await
        .map_err(|fault| stage::removed(fault, stage))?;
    let part = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter().flatten();
        Some(Part {
            label: cells.next()?,
            rows: cells.next()?.parse().ok()?,
            note: cells.next()?,
        })
    };
    let parts: Option<Vec<Part>> = found
        .rows
        .into_iter()
        .map(|row| part(row.into_iter().collect()))
        .collect();
    parts.ok_or_else(|| Fault::new(Code::StoreFailed, format!("{doing}: it holds what is no part")))
}

/// The statement that notes a part, in the transaction that wrote its rows. It fails when the part is there already.
pub(super) fn note(stage: &TableName, part: &Part) -> String {
    let label = literal(&part.label);
    format!(
        "INSERT INTO {} (hash, label, `rows`, note) VALUES (SHA2({label}, 256), {label}, {}, {})",
        name(stage).quoted(),
        part.rows,
        literal(&part.note)
    )
}

/// Empties the staging table and its parts.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn empty(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    let doing = format!("emptying {stage}");
    // The parts first: rows without a part do not count, parts without their rows would.
    for table in [name(stage), stage.clone()] {
        session
            .run(&doing, &format!("TRUNCATE TABLE {}", table.quoted()))
            .await?;
    }
    Ok(())
}

/// Makes a session known as a writer of a staging table, for as long as it lasts.
///
/// # Errors
/// `SL6014` when there are too many; other `SL60xx`.
pub(super) async fn sign_in(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    for index in 0..WRITERS {
        let query = format!("SELECT GET_LOCK({}, 0)", writer(stage, index));
        let row = session.row("opening a writer", &query).await?;
        if row.and_then(|row| row.into_iter().next().flatten()).as_deref() == Some("1") {
            return Ok(());
        }
    }
    let text = format!("{stage} has {WRITERS} writers already");
    Err(Fault::new(Code::StoreBusy, text))
}

/// Ends the sessions that write into a staging table, or by its name: one in the middle of a part would keep it from being renamed.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn stop(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    const DOING: &str = "stopping the writers of an earlier attempt";
    let ask = |index| format!("SELECT IS_USED_LOCK({})", writer(stage, index));
    let query = (0..WRITERS).map(ask).collect::<Vec<_>>().join(" UNION ALL ");
    let found = session.run(DOING, &query).await?;
    for id in found
        .rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
    {
        if let Err(fault) = session.run(DOING, &format!("KILL {id}")).await {
            // Mostly: it has ended by itself.
            tracing::debug!(%fault, id, "A writer of an earlier attempt was not stopped");
        }
    }
    Ok(())
}

/// The lock that a writer holds; its name has at most 64 characters.
fn writer(stage: &TableName, index: usize) -> String {
    let tag = stage.table.strip_prefix(stage::PREFIX).unwrap_or(&stage.table);
    literal(&format!("sluice.{tag}.{index}"))
}

/// Gives the newest staging table with parts of an earlier attempt to this one: it replaces the new, empty one, if it has the
/// same columns. Whoever writes under the old name is stopped, and finds nothing of that name again. The job's lock is held.
///
/// # Errors
/// `SL60xx`; the earlier staging is as it was then.
pub(super) async fn take_over(session: &mut Session, stage: &TableName, key: &CommitKey) -> Result<bool, Fault> {
    const DOING: &str = "taking over the staging table of an earlier attempt";
    let earlier = stage::of_job(session, stage).await?;
    let newest = earlier
        .into_iter()
        .filter(|(_, token)| *token < key.token)
        .max_by_key(|(_, token)| *token);
    let Some((old, _)) = newest else { return Ok(false) };
    let (same, kept) = (
        columns(session, &old).await? == columns(session, stage).await?,
        columns(session, &name(&old)).await?,
    );
    if !same || kept.is_none() {
        return Ok(false);
    }
    stop(session, &old).await?;
    stage::drop(session, stage).await?;
    let rename = format!(
        "RENAME TABLE {} TO {}, {} TO {}",
        old.quoted(),
        stage.quoted(),
        name(&old).quoted(),
        name(stage).quoted()
    );
    session.run(DOING, &rename).await.map(|_| true)
}

/// What a table's columns are declared as; none when it is not there.
async fn columns(session: &mut Session, table: &TableName) -> Result<Option<String>, Fault> {
    let doing = format!("describing {table}");
    let shown = session
        .row(&doing, &format!("SHOW CREATE TABLE {}", table.quoted()))
        .await;
    match shown {
        Ok(row) => {
            let text = row.and_then(|row| row.into_iter().nth(1).flatten());
            // Its name stands in the first line.
            Ok(text.and_then(|text| text.split_once('\n').map(|(_, columns)| columns.to_owned())))
        }
        Err(fault) if fault.code == Code::TableNotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_contract::JobId;

    #[test]
    fn names_are_short_enough() {
        let key = CommitKey {
            job: JobId::new("0197b2c4-7d4e-7abc-8def-0123456789ab"),
            attempt: u32::MAX,
            token: u64::MAX,
        };
        let target = TableName {
            database: "d".into(),
            table: "t".into(),
        };
        let stage = stage::name(&target, &key);
        assert!(name(&stage).table.len() <= 64);
        assert!(writer(&stage, WRITERS - 1).len() <= 64 + 2);
    }
}

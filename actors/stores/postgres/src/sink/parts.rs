//! Parts: partitions that are whole in the staging table, and the table that says so beside it.

use super::commit::Way;
use super::stage;
use crate::errors;
use crate::names::{TableName, quote};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part};

const PREFIX: &str = "_sluice_parts_";

/// The table of parts of a staging table.
pub(crate) fn name(stage: &TableName) -> TableName {
    let tag = stage.table.strip_prefix(stage::PREFIX).unwrap_or(&stage.table);
    TableName {
        schema: stage.schema.clone(),
        table: format!("{PREFIX}{tag}"),
    }
}

/// Makes the table of parts, empty. After a crash of the server it holds as much as its staging table: what is not logged is
/// empty then.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn create(session: &Session, stage: &TableName, way: Way) -> Result<(), Fault> {
    let unlogged = if way == Way::Rename { "" } else { "UNLOGGED" };
    let parts = name(stage);
    let create = format!(
        "CREATE {unlogged} TABLE {} (label text PRIMARY KEY, rows bigint NOT NULL, note text NOT NULL)",
        parts.quoted()
    );
    session.run(&format!("creating {parts}"), &create).await
}

/// The parts that are there.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn list(session: &Session, stage: &TableName) -> Result<Vec<Part>, Fault> {
    let parts = name(stage);
    let failed = |error| errors::fault(&format!("reading {parts}"), &error);
    let query = format!("SELECT label, rows, note FROM {}", parts.quoted());
    let rows = session.query(&query, &[]).await.map_err(failed)?;
    let part = |row: &tokio_postgres::Row| {
        let rows: i64 = row.try_get(1)?;
        Ok(Part {
            label: row.try_get(0)?,
            rows: u64::try_from(rows).unwrap_or_default(),
            note: row.try_get(2)?,
        })
    };
    rows.iter().map(part).collect::<Result<_, _>>().map_err(failed)
}

/// Notes a part, in the transaction that wrote its rows.
///
/// # Errors
/// `SL7004` when it is there already, written by another node; other `SL60xx`.
pub(crate) async fn add(session: &Session, stage: &TableName, part: &Part) -> Result<(), Fault> {
    let parts = name(stage);
    let insert = format!(
        "INSERT INTO {} (label, rows, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        parts.quoted()
    );
    let rows = i64::try_from(part.rows).unwrap_or(i64::MAX);
    let added = session.execute(&insert, &[&part.label, &rows, &part.note]).await;
    match added.map_err(|error| errors::fault(&format!("noting {} in {parts}", part.label), &error))? {
        0 => {
            let text = format!("{} is staged already; another node has written it", part.label);
            Err(Fault::new(Code::CommitDenied, text))
        }
        _ => Ok(()),
    }
}

/// The rows of all parts, as the server took them.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn rows(session: &Session, stage: &TableName) -> Result<u64, Fault> {
    Ok(list(session, stage).await?.iter().map(|part| part.rows).sum())
}

/// Empties the staging table and its parts.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn empty(session: &Session, stage: &TableName) -> Result<(), Fault> {
    let truncate = format!("TRUNCATE {}, {}", stage.quoted(), name(stage).quoted());
    session.run(&format!("emptying {stage}"), &truncate).await
}

/// Gives the newest staging table with parts of an earlier attempt to this one: it replaces the new, empty one, if it has the
/// same columns. Whoever writes under the old name is stopped, and finds nothing of that name again.
///
/// # Errors
/// `SL60xx`; nothing has changed then.
pub(crate) async fn take_over(session: &Session, stage: &TableName, key: &CommitKey) -> Result<bool, Fault> {
    const DOING: &str = "taking over the staging table of an earlier attempt";
    let earlier = stage::of_job(session, stage).await?;
    let newest = earlier
        .into_iter()
        .filter(|(_, token)| *token < key.token)
        .max_by_key(|(_, token)| *token);
    let Some((old, _)) = newest else { return Ok(false) };
    if !is_alike(session, &old, stage).await? {
        return Ok(false);
    }
    stage::stop(session, &old).await?;
    let (own, own_parts, old_parts) = (stage.quoted(), name(stage), name(&old));
    // In one transaction: a crash leaves either the one or the other.
    let rename = format!(
        "BEGIN; DROP TABLE {own}; DROP TABLE {}; ALTER TABLE {} RENAME TO {}; ALTER TABLE {} RENAME TO {}; COMMIT",
        own_parts.quoted(),
        old.quoted(),
        quote(&stage.table),
        old_parts.quoted(),
        quote(&own_parts.table),
    );
    let renamed = session.run(DOING, &rename).await;
    if renamed.is_err() {
        session.run(DOING, "ROLLBACK").await?;
    }
    renamed.map(|()| true)
}

/// Whether a staging table has parts beside it, and the same columns and durability as another.
async fn is_alike(session: &Session, old: &TableName, new: &TableName) -> Result<bool, Fault> {
    const QUERY: &str = "SELECT to_regclass($3) IS NOT NULL AND \
         (SELECT relpersistence FROM pg_class WHERE oid = to_regclass($1)) = \
         (SELECT relpersistence FROM pg_class WHERE oid = to_regclass($2)) AND NOT EXISTS (\
         SELECT FROM (SELECT attnum, attname, atttypid, atttypmod, attcollation, attnotnull FROM pg_attribute \
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped) AS a \
         FULL JOIN (SELECT attnum, attname, atttypid, atttypmod, attcollation, attnotnull FROM pg_attribute \
         WHERE attrelid = to_regclass($2) AND attnum > 0 AND NOT attisdropped) AS b \
         USING (attnum, attname, atttypid, atttypmod, attcollation, attnotnull) \
         WHERE a IS NULL OR b IS NULL)";
    let failed = |error| errors::fault(&format!("comparing {old} with {new}"), &error);
    let names = [old.quoted(), new.quoted(), name(old).quoted()];
    let row = session
        .query_one(QUERY, &[&names[0], &names[1], &names[2]])
        .await
        .map_err(failed)?;
    let alike: Option<bool> = row.try_get(0).map_err(failed)?;
    Ok(alike.unwrap_or(false))
}

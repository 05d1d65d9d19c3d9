//! Parts: partitions that are whole in the staging table, and the table that says so beside it.
//!
//! The table of parts belongs to one attempt, and names the staging table. A later attempt copies it under its own name and
//! drops it, and goes on with the same staging table: whoever still writes for the earlier attempt cannot note its part any
//! more, and its rows are rolled back.

use super::stage;
use super::target::Target;
use crate::names::TableName;
use crate::session::{Session, value};
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part, Staging};
use std::hash::{DefaultHasher, Hash, Hasher};

pub(super) const PREFIX: &str = "_sluice_parts_";

/// The row that names the staging table.
const HEAD: &str = "*";

/// Where an attempt stages, and what is there.
pub(super) struct Parted {
    pub(super) parts: TableName,
    pub(super) stage: TableName,
    pub(super) whole: Vec<Part>,
}

/// Makes the staging place, or takes over that of an earlier attempt, or finds that of another node.
///
/// # Errors
/// `SL7004` when a later attempt is staging already, or a staging table to be joined is gone; other `SL60xx`.
pub(super) async fn open(
    session: &mut Session,
    target: &Target,
    schema: Option<&str>,
    key: &CommitKey,
    staging: &Staging,
) -> Result<Parted, Fault> {
    let stage = stage::name(schema, key);
    let parts = of(&stage);
    if let Staging::Join { .. } = staging {
        stage::check(session, &parts).await?;
        let (stage, whole) = read(session, &parts).await?;
        return Ok(Parted { parts, stage, whole });
    }
    let earlier = stage::of_job(session, &parts, PREFIX).await?;
    stage::not_behind(&earlier, key)?;
    stage::not_behind(&stage::of_job(session, &stage, stage::PREFIX).await?, key)?;
    let newest = earlier.into_iter().filter(|(_, token)| *token < key.token);
    let newest = newest.max_by_key(|(_, token)| *token).map(|(table, _)| table);
    // What this very attempt left when its process was killed, before anybody counted on it.
    stage::drop(session, &parts).await?;
    if let (Staging::Resume { .. }, Some(old)) = (staging, newest)
        && let Some(stage) = take_over(session, target, &parts, &old).await?
    {
        stage::clear(session, &stage, key, Some((&stage, &parts))).await?;
        let (stage, whole) = read(session, &parts).await?;
        return Ok(Parted { parts, stage, whole });
    }
    stage::create(session, target, &stage, key, false).await?;
    create(session, &parts).await?;
    let head = Part {
        label: stage.table.clone(),
        rows: 0,
        note: target.staging(),
    };
    insert(session, &parts, HEAD, &head).await?;
    Ok(Parted {
        parts,
        stage,
        whole: Vec::new(),
    })
}

/// The table of parts of the attempt that made a staging table.
pub(super) fn of(stage: &TableName) -> TableName {
    let tag = stage.table.strip_prefix(stage::PREFIX).unwrap_or(&stage.table);
    beside(stage, format!("{PREFIX}{tag}"))
}

fn beside(table: &TableName, name: String) -> TableName {
    TableName {
        schema: table.schema.clone(),
        table: name,
    }
}

async fn create(session: &mut Session, parts: &TableName) -> Result<(), Fault> {
    let create = format!(
        "CREATE TABLE {} ([part] nvarchar(400) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY, \
         [label] nvarchar(max) NOT NULL, [row_count] bigint NOT NULL, [note] nvarchar(max) NOT NULL)",
        parts.quoted()
    );
    session.run(&format!("creating {parts}"), &create).await
}

/// The staging table that a table of parts belongs to, and the parts.
async fn read(session: &mut Session, parts: &TableName) -> Result<(TableName, Vec<Part>), Fault> {
    let doing = format!("reading {parts}");
    let query = format!("SELECT [part], [label], [row_count], [note] FROM {}", parts.quoted());
    let (mut stage, mut whole) = (None, Vec::new());
    for row in session.long(&doing, &query).await? {
        let text = |at| Ok::<_, Fault>(value::<&str>(&row, at, &doing)?.unwrap_or_default().to_owned());
        if text(0)? == HEAD {
            stage = Some(beside(parts, text(1)?));
            continue;
        }
        let rows = value::<i64>(&row, 2, &doing)?.unwrap_or_default();
        whole.push(Part {
            label: text(1)?,
            rows: u64::try_from(rows).unwrap_or_default(),
            note: text(3)?,
        });
    }
    let missing = || Fault::new(Code::StoreFailed, format!("{doing}: it names no staging table"));
    Ok((stage.ok_or_else(missing)?, whole))
}

/// Notes a part, in the transaction that wrote its rows.
///
/// # Errors
/// `SL6004` when a later attempt took the parts over; other `SL60xx`.
pub(super) async fn note(session: &mut Session, parts: &TableName, part: &Part) -> Result<(), Fault> {
    // A key has no room for every label.
    let mut key: String = part.label.chars().take(360).collect();
    if key.len() < part.label.len() {
        let mut hasher = DefaultHasher::new();
        part.label.hash(&mut hasher);
        key = format!("{key}{:016x}", hasher.finish());
    }
    insert(session, parts, &format!("={key}"), part).await
}

async fn insert(session: &mut Session, parts: &TableName, key: &str, part: &Part) -> Result<(), Fault> {
    let insert = format!(
        "INSERT INTO {} ([part], [label], [row_count], [note]) VALUES (@P1, @P2, @P3, @P4)",
        parts.quoted()
    );
    let rows = i64::try_from(part.rows).unwrap_or(i64::MAX);
    let doing = format!("noting {} in {parts}", part.label);
    session
        .query(
            &doing,
            &insert,
            &[&key, &part.label.as_str(), &rows, &part.note.as_str()],
        )
        .await
        .map(drop)
}

/// Makes the parts of an earlier attempt this one's; gives their staging table, or none when it is of no use.
async fn take_over(
    session: &mut Session,
    target: &Target,
    parts: &TableName,
    old: &TableName,
) -> Result<Option<TableName>, Fault> {
    const DOING: &str = "taking over the staging table of an earlier attempt";
    let query = format!("SELECT [label], [note] FROM {} WHERE [part] = @P1", old.quoted());
    let rows = session.query(DOING, &query, &[&HEAD]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let stage = beside(parts, value::<&str>(row, 0, DOING)?.unwrap_or_default().to_owned());
    let alike = value::<&str>(row, 1, DOING)?.unwrap_or_default() == target.staging();
    if !alike || !crate::describe::exists(session, &stage.quoted()).await? {
        return Ok(None);
    }
    session.run(DOING, "BEGIN TRANSACTION").await?;
    create(session, parts).await?;
    // Nobody notes a part from here on: who is doing it right now is waited for.
    let list = "[part], [label], [row_count], [note]";
    let copy = format!(
        "INSERT INTO {} ({list}) SELECT {list} FROM {} WITH (TABLOCKX, HOLDLOCK)",
        parts.quoted(),
        old.quoted()
    );
    session.run(DOING, &copy).await?;
    session.run(DOING, &format!("DROP TABLE {}", old.quoted())).await?;
    session.run(DOING, "COMMIT TRANSACTION").await?;
    Ok(Some(stage))
}

/// Empties the staging table and its parts.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn empty(session: &mut Session, parts: &TableName, stage: &TableName) -> Result<(), Fault> {
    let doing = format!("emptying {stage}");
    session.run(&doing, "BEGIN TRANSACTION").await?;
    let delete = format!("DELETE FROM {} WHERE [part] <> '{HEAD}'", parts.quoted());
    session.run(&doing, &delete).await?;
    session
        .long(&doing, &format!("TRUNCATE TABLE {}", stage.quoted()))
        .await?;
    session.run(&doing, "COMMIT TRANSACTION").await
}

/// Drops the staging table, if it still belongs to this attempt.
///
/// # Errors
/// `SL6004` when it does not; other `SL60xx`. The session is of no use then.
pub(super) async fn drop_own(session: &mut Session, parts: &TableName, stage: &TableName) -> Result<(), Fault> {
    let doing = format!("dropping {stage}");
    session.run(&doing, "BEGIN TRANSACTION").await?;
    for table in [parts, stage] {
        session.run(&doing, &format!("DROP TABLE {}", table.quoted())).await?;
    }
    session.run(&doing, "COMMIT TRANSACTION").await
}

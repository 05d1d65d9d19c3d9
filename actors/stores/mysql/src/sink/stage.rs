//! The staging table: its name, its making, and what earlier attempts left.

use super::ledger::Ledger;
use super::parts;
use super::target::Target;
use crate::names::{TableName, literal};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Part, Staging};

pub(super) const PREFIX: &str = "_sluice_stage_";

/// The staging table of an attempt, in its target's database.
pub(super) fn name(target: &TableName, key: &CommitKey) -> TableName {
    target.beside(format!("{PREFIX}{}", key.tag()))
}

/// How many writers have a table of their own.
pub(super) const OWN_TABLES: usize = 10;

/// The table of one writer, beside the staging table.
pub(super) fn of_writer(stage: &TableName, index: usize) -> TableName {
    stage.beside(format!("{}w{index}", stage.table))
}

/// Makes a writer's table, without transactions: nothing is kept to undo it, and only one at a time can write it. When it
/// is lost rows are missing, which their count tells.
///
/// # Errors
/// The server's, which may not have the engine.
pub(super) async fn create_plain(session: &mut Session, target: &Target, table: &TableName) -> Result<(), Fault> {
    let create = format!(
        "CREATE TABLE {} ({}) ENGINE = MyISAM DEFAULT CHARACTER SET utf8mb4",
        table.quoted(),
        target.declarations()
    );
    let doing = format!("creating the staging table {table}");
    session.run(&doing, &create).await.map(std::mem::drop)
}

/// Makes the staging table, empty. The job's lock is held.
///
/// # Errors
/// `SL6006`, `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(super) async fn create(
    session: &mut Session,
    target: &Target,
    stage: &TableName,
    key: &CommitKey,
) -> Result<(), Fault> {
    clear(session, stage, key, false).await?;
    make(session, target, stage).await
}

/// Makes the staging table, with parts beside it, or takes over that of an earlier attempt, or finds that of another node;
/// gives back the parts in it. The job's lock is held.
///
/// # Errors
/// `SL6006`, `SL7004` when a later attempt is staging already, or a staging table to be joined is gone; other `SL60xx`.
pub(super) async fn parted(
    session: &mut Session,
    target: &Target,
    stage: &TableName,
    key: &CommitKey,
    staging: &Staging,
) -> Result<Vec<Part>, Fault> {
    if let Staging::Join { .. } = staging {
        return parts::list(session, stage).await;
    }
    let pending = Ledger::of(stage).pending(session, key).await?;
    match staging {
        // What this very attempt left when its process was killed, before anybody counted on it. A job that was decided to
        // be published is not staged again.
        Staging::Resume { .. } if pending.is_none() => {
            not_behind(&of_job(session, stage).await?, key)?;
            drop(session, stage).await?;
        }
        _ => clear(session, stage, key, false).await?,
    }
    make(session, target, stage).await?;
    parts::create(session, stage).await?;
    if let (Staging::Resume { .. }, None) = (staging, pending) {
        if let Err(fault) = parts::take_over(session, stage, key).await {
            tracing::warn!(%fault, "The staging table of an earlier attempt is of no use");
            drop(session, stage).await?;
            make(session, target, stage).await?;
            parts::create(session, stage).await?;
        }
        clear(session, stage, key, true).await?;
    }
    parts::list(session, stage).await
}

async fn make(session: &mut Session, target: &Target, stage: &TableName) -> Result<(), Fault> {
    let create = format!(
        "CREATE TABLE {} ({}) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
        stage.quoted(),
        target.declarations()
    );
    let doing = format!("creating the staging table {stage}");
    session.run(&doing, &create).await.map(std::mem::drop)
}

/// Refuses an attempt that is behind another one.
fn not_behind(found: &[(TableName, u64)], key: &CommitKey) -> Result<(), Fault> {
    match found.iter().find(|(_, token)| *token > key.token) {
        None => Ok(()),
        Some((_, token)) => {
            let text = format!("a later attempt of the job, with token {token}, is staging already");
            Err(Fault::new(Code::CommitDenied, text))
        }
    }
}

/// The staging tables of a job, with their tokens.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn of_job(session: &mut Session, stage: &TableName) -> Result<Vec<(TableName, u64)>, Fault> {
    let own = stage.table.as_str();
    let of_job = own.rsplitn(3, '_').nth(2).unwrap_or(own).to_owned() + "_";
    let query = format!(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND LEFT(TABLE_NAME, {}) = {}",
        literal(&stage.database),
        of_job.chars().count(),
        literal(&of_job)
    );
    let doing = "looking for staging tables of earlier attempts";
    let found = session.run(doing, &query).await?;
    let names = found
        .rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten());
    let with_token = |name: String| token(&name).map(|token| (stage.beside(name), token));
    Ok(names.filter_map(with_token).collect())
}

/// Drops what earlier attempts of the job left, and what this one left unless that is kept.
async fn clear(session: &mut Session, stage: &TableName, key: &CommitKey, keep_own: bool) -> Result<(), Fault> {
    let found = of_job(session, stage).await?;
    not_behind(&found, key)?;
    // One that is about to become the target: it holds what was decided to be published.
    let pending = Ledger::of(stage).pending(session, key).await?;
    for (left, _) in found {
        if pending.as_deref() == Some(left.table.as_str()) || keep_own && left == *stage {
            continue;
        }
        // Its writers may be in a transaction that holds rows of the target.
        parts::stop(session, &left).await?;
        let dropped = drop(session, &left).await;
        if left == *stage {
            dropped?;
        } else if let Err(fault) = dropped {
            // Its owner may still be alive: then it is in the way of nobody but itself.
            tracing::warn!(table = %left, %fault, "Staging table of an earlier attempt stays");
        }
    }
    Ok(())
}

/// Drops a staging table, if it is there.
///
/// # Errors
/// `SL6014` when it is in use; other `SL60xx`.
pub(super) async fn drop(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    let doing = format!("dropping {stage}");
    session.run(&doing, "SET lock_wait_timeout = 5").await?;
    let dropped = session
        .run(
            &doing,
            &format!(
                "DROP TABLE IF EXISTS {}, {}",
                stage.quoted(),
                parts::name(stage).quoted()
            ),
        )
        .await;
    session.run(&doing, "SET lock_wait_timeout = 30").await?;
    dropped.map(std::mem::drop)
}

/// Drops all staging tables of an attempt; a warning tells of those that stay.
pub(super) async fn drop_all(session: &mut Session, tables: &[TableName]) {
    for table in tables {
        if let Err(fault) = drop(session, table).await {
            tracing::warn!(%table, %fault, "Staging table stays until the next attempt");
        }
    }
}

/// Counts the staged rows of all tables.
///
/// # Errors
/// `SL7004` when a later attempt removed them; other `SL60xx`.
pub(super) async fn count_all(session: &mut Session, tables: &[TableName]) -> Result<u64, Fault> {
    let mut rows = 0;
    for table in tables {
        rows += count(session, table).await?;
    }
    Ok(rows)
}

async fn count(session: &mut Session, stage: &TableName) -> Result<u64, Fault> {
    let doing = format!("counting the rows of {stage}");
    let counted = session
        .row(&doing, &format!("SELECT COUNT(*) FROM {}", stage.quoted()))
        .await;
    let row = counted.map_err(|fault| removed(fault, stage))?;
    let count = row.and_then(|row| row.into_iter().next().flatten()?.parse().ok());
    count.ok_or_else(|| Fault::new(Code::StoreFailed, format!("{doing}: the server did not count")))
}

/// Says why a staging table is not there.
pub(super) fn removed(fault: Fault, stage: &TableName) -> Fault {
    match fault.code {
        Code::TableNotFound => {
            let text = format!("the staging table {stage} was removed, as a later attempt of the job does");
            Fault::new(Code::CommitDenied, text)
        }
        _ => fault,
    }
}

/// The token in a staging table's name.
fn token(table: &str) -> Option<u64> {
    let mut parts = table.strip_prefix(PREFIX)?.rsplit('_');
    let token = parts.next()?.split('w').next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_contract::JobId;

    #[test]
    fn names_tell_the_token() {
        let key = CommitKey {
            job: JobId::new("0197b2c4-7d4e-7abc-8def-0123456789ab"),
            attempt: u32::MAX,
            token: u64::MAX,
        };
        let target = TableName {
            database: "d".into(),
            table: "t".into(),
        };
        let stage = name(&target, &key);
        // MySQL refuses longer names.
        let own = of_writer(&stage, OWN_TABLES - 1);
        assert!(own.table.len() <= 64);
        assert_eq!(token(&stage.table), Some(u64::MAX));
        assert_eq!(token(&own.table), Some(u64::MAX));
        assert_eq!(token("_sluice_stage_x_1"), None);
        assert_eq!(token("orders_1_1"), None);
    }
}

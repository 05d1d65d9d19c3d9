//! The staging table: its name, its making, and what earlier attempts left.

use super::parts;
use super::target::Target;
use crate::names::TableName;
use crate::session::{Session, value};
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;

pub(super) const PREFIX: &str = "_sluice_stage_";

/// The staging table of an attempt.
pub(crate) fn name(schema: Option<&str>, key: &CommitKey) -> TableName {
    TableName {
        schema: schema.map(str::to_owned),
        table: format!("{PREFIX}{}", key.tag()),
    }
}

/// The column that numbers staged rows, where single ones may have to be found again.
pub(super) const ROW: &str = "[_sluice_row]";

/// Makes the staging table, empty; with its rows numbered or not.
///
/// # Errors
/// `SL6006`, `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(crate) async fn create(
    session: &mut Session,
    target: &Target,
    stage: &TableName,
    key: &CommitKey,
    numbered: bool,
) -> Result<(), Fault> {
    clear(session, stage, key, None).await?;
    let row = match numbered {
        true => format!(", {ROW} bigint IDENTITY(1,1) NOT NULL"),
        false => String::new(),
    };
    let create = format!("CREATE TABLE {} ({}{row})", stage.quoted(), target.staging());
    session
        .run(&format!("creating the staging table {stage}"), &create)
        .await
}

/// Refuses an attempt that is behind another one.
pub(super) fn not_behind(found: &[(TableName, u64)], key: &CommitKey) -> Result<(), Fault> {
    match found.iter().find(|(_, token)| *token > key.token) {
        None => Ok(()),
        Some((_, token)) => {
            let text = format!("a later attempt of the job, with token {token}, is staging already");
            Err(Fault::new(Code::CommitDenied, text))
        }
    }
}

/// The tables of a job that begin with a prefix, as one of them does, with their tokens.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn of_job(
    session: &mut Session,
    one: &TableName,
    prefix: &str,
) -> Result<Vec<(TableName, u64)>, Fault> {
    const DOING: &str = "looking for staging tables of earlier attempts";
    const QUERY: &str = "SELECT t.name FROM sys.tables AS t INNER JOIN sys.schemas AS s ON s.schema_id = t.schema_id \
         WHERE s.name = @P1 AND t.name LIKE @P2 ESCAPE '\\'";
    let own = one.table.as_str();
    let of_job = own.rsplitn(3, '_').nth(2).unwrap_or(own).to_owned() + "_";
    let pattern = of_job.replace('_', "\\_") + "%";
    let schema = one.schema.as_deref().unwrap_or_default();
    let rows = session.query(DOING, QUERY, &[&schema, &pattern.as_str()]).await?;
    let mut found = Vec::new();
    for row in rows {
        let name = value::<&str>(&row, 0, DOING)?.unwrap_or_default().to_owned();
        if let Some(token) = token(&name, prefix) {
            let schema = one.schema.clone();
            found.push((TableName { schema, table: name }, token));
        }
    }
    Ok(found)
}

/// Drops what this and earlier attempts of the job left, but for a staging table that is kept with its parts.
///
/// # Errors
/// `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(super) async fn clear(
    session: &mut Session,
    stage: &TableName,
    key: &CommitKey,
    keep: Option<(&TableName, &TableName)>,
) -> Result<(), Fault> {
    let mut found = of_job(session, &parts::of(stage), parts::PREFIX).await?;
    found.extend(of_job(session, stage, PREFIX).await?);
    not_behind(&found, key)?;
    for (left, _) in found {
        if keep.is_some_and(|(stage, parts)| left == *stage || left == *parts) {
            continue;
        }
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
pub(crate) async fn drop(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    let batch = format!(
        "SET LOCK_TIMEOUT 5000; DROP TABLE IF EXISTS {}; SET LOCK_TIMEOUT 30000",
        stage.quoted()
    );
    session.run(&format!("dropping {stage}"), &batch).await
}

/// Sees that the staging table is still there.
///
/// # Errors
/// `SL7004` when it is not: only a later attempt of the same job removes it. Other `SL60xx`.
pub(crate) async fn check(session: &mut Session, stage: &TableName) -> Result<(), Fault> {
    if crate::describe::exists(session, &stage.quoted()).await? {
        return Ok(());
    }
    let text = format!("the staging table {stage} was removed, as a later attempt of the job does");
    Err(Fault::new(Code::CommitDenied, text))
}

/// Counts the staged rows.
///
/// # Errors
/// `SL7004` when a later attempt removed them; other `SL60xx`.
pub(crate) async fn count(session: &mut Session, stage: &TableName) -> Result<u64, Fault> {
    check(session, stage).await?;
    let doing = format!("counting the rows of {stage}");
    let rows = session
        .long(&doing, &format!("SELECT COUNT_BIG(*) FROM {}", stage.quoted()))
        .await?;
    let count = rows
        .first()
        .map(|row| value::<i64>(row, 0, &doing))
        .transpose()?
        .flatten();
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

/// The token in a staging table's name.
fn token(table: &str, prefix: &str) -> Option<u64> {
    let mut parts = table.strip_prefix(prefix)?.rsplit('_');
    let token = parts.next()?.parse().ok()?;
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
        let stage = name(Some("s"), &key);
        // SQL Server takes no longer names.
        assert!(stage.table.len() <= 128);
        assert_eq!(token(&stage.table, PREFIX), Some(u64::MAX));
        assert_eq!(token("_sluice_stage_x_1", PREFIX), None);
        assert_eq!(token("orders_1_1", PREFIX), None);
    }
}

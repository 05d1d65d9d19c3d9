//! The staging table: its name, its making, and what earlier attempts left.

use super::commit::Way;
use super::target::Target;
use crate::errors;
use crate::names::{TableName, literal, quote};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;

pub(super) const PREFIX: &str = "_sluice_stage_";

/// The staging table of an attempt, in its target's schema.
pub(crate) fn name(target: &TableName, key: &CommitKey) -> TableName {
    TableName {
        schema: target.schema.clone(),
        table: format!("{PREFIX}{}", key.tag()),
    }
}

/// Makes the staging table, empty.
///
/// # Errors
/// `SL6006`; other `SL60xx`.
pub(crate) async fn create(session: &Session, target: &Target, stage: &TableName, way: Way) -> Result<(), Fault> {
    let create = match (&target.create, way) {
        (Some(columns), Way::Rename) => format!("CREATE TABLE {} ({columns})", stage.quoted()),
        _ => format!(
            "CREATE UNLOGGED TABLE {} AS {} WITH NO DATA",
            stage.quoted(),
            target.stage_query()
        ),
    };
    session
        .run(&format!("creating the staging table {stage}"), &create)
        .await
}

/// The staging tables of a job, and their tokens.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn of_job(session: &Session, stage: &TableName) -> Result<Vec<(TableName, u64)>, Fault> {
    const DOING: &str = "looking for staging tables of earlier attempts";
    const QUERY: &str = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND n.nspname = $1 AND starts_with(c.relname::text, $2)";
    let failed = |error| errors::fault(DOING, &error);
    let own = stage.table.as_str();
    let of_job = own.rsplitn(3, '_').nth(2).unwrap_or(own).to_owned() + "_";
    let schema = stage.schema.as_deref().unwrap_or_default();
    let rows = session.query(QUERY, &[&schema, &of_job]).await.map_err(failed)?;
    let mut tables = Vec::with_capacity(rows.len());
    for row in rows {
        let table: String = row.try_get(0).map_err(failed)?;
        let Some(token) = token(&table) else { continue };
        let schema = stage.schema.clone();
        tables.push((TableName { schema, table }, token));
    }
    Ok(tables)
}

/// Refuses an attempt that is behind.
///
/// # Errors
/// `SL7004` when a later attempt is staging already; other `SL60xx`.
pub(super) async fn not_behind(session: &Session, stage: &TableName, key: &CommitKey) -> Result<(), Fault> {
    match of_job(session, stage)
        .await?
        .iter()
        .find(|(_, token)| *token > key.token)
    {
        None => Ok(()),
        Some((_, token)) => {
            let text = format!("a later attempt of the job, with token {token}, is staging already");
            Err(Fault::new(Code::CommitDenied, text))
        }
    }
}

/// Drops what earlier attempts of the job left, and with `own` what this one did.
///
/// # Errors
/// `SL6006`; other `SL60xx`.
pub(super) async fn clear(session: &Session, stage: &TableName, own: bool) -> Result<(), Fault> {
    for (left, _) in of_job(session, stage).await? {
        if left == *stage && !own {
            continue;
        }
        stop(session, &left).await?;
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

/// Ends the sessions of an earlier attempt that are writing: what they hold would be waited for, and a node that is frozen
/// holds it for as long as its connection lives.
pub(super) async fn stop(session: &Session, stage: &TableName) -> Result<(), Fault> {
    const QUERY: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE usename = current_user AND pid <> pg_backend_pid() AND (application_name = $1 OR pid IN (\
         SELECT pid FROM pg_locks WHERE locktype = 'relation' AND relation = to_regclass($2) \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))";
    let stopped = session.query(QUERY, &[&stage.table, &stage.quoted()]).await;
    let failed = |error| errors::fault("ending an earlier attempt", &error);
    stopped.map(std::mem::drop).map_err(failed)
}

/// Gives the staging table the name of its target, unless there is one of that name.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn becomes(session: &Session, stage: &TableName, target: &TableName) -> Result<bool, Fault> {
    let doing = format!("publishing {target}");
    let failed = |error| errors::fault(&doing, &error);
    let lock = format!("SELECT pg_advisory_xact_lock(hashtext({}))", literal(&target.quoted()));
    session.run(&doing, &lock).await?;
    let query = "SELECT to_regclass($1) IS NULL";
    let row = session.query_one(query, &[&target.quoted()]).await.map_err(failed)?;
    let free: bool = row.try_get(0).map_err(failed)?;
    if free {
        let rename = format!("ALTER TABLE {} RENAME TO {}", stage.quoted(), quote(&target.table));
        session.run(&doing, &rename).await?;
    }
    Ok(free)
}

/// Drops a staging table, if it is there.
///
/// # Errors
/// `SL6014` when it is in use; other `SL60xx`.
pub(crate) async fn drop(session: &Session, stage: &TableName) -> Result<(), Fault> {
    let parts = super::parts::name(stage);
    let drop = format!(
        "SET lock_timeout = '5s'; DROP TABLE IF EXISTS {}, {}",
        stage.quoted(),
        parts.quoted()
    );
    let dropped = session.run(&format!("dropping {stage}"), &drop).await;
    session
        .run("setting the session up", "SET lock_timeout = '30s'")
        .await?;
    dropped
}

/// Sees that the staging table is still there.
///
/// # Errors
/// `SL7004` when it is not: only a later attempt of the same job removes it. Other `SL60xx`.
pub(crate) async fn check(session: &Session, stage: &TableName) -> Result<(), Fault> {
    let failed = |error| errors::fault(&format!("looking for {stage}"), &error);
    let query = "SELECT to_regclass($1) IS NOT NULL";
    let row = session.query_one(query, &[&stage.quoted()]).await.map_err(failed)?;
    if row.try_get::<_, bool>(0).map_err(failed)? {
        return Ok(());
    }
    let text = format!("the staging table {stage} was removed, as a later attempt of the job does");
    Err(Fault::new(Code::CommitDenied, text))
}

/// Counts the staged rows.
///
/// # Errors
/// `SL7004` when a later attempt removed them; other `SL60xx`.
pub(crate) async fn count(session: &Session, stage: &TableName) -> Result<u64, Fault> {
    let doing = format!("counting the rows of {stage}");
    let failed = |error| errors::fault(&doing, &error);
    let query = format!("SELECT count(*) FROM {}", stage.quoted());
    check(session, stage).await?;
    let row = session.query_one(&query, &[]).await.map_err(failed)?;
    let rows: i64 = row.try_get(0).map_err(failed)?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// The token in a staging table's name.
fn token(table: &str) -> Option<u64> {
    let mut parts = table.strip_prefix(PREFIX)?.rsplit('_');
    let token = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    Some(token)
}

/// A script in a form in which it cannot end the transaction it runs in: PostgreSQL refuses COMMIT and ROLLBACK inside.
pub(crate) fn contained(script: &str) -> String {
    let mut tag = "$sluice$".to_owned();
    while script.contains(&tag) {
        tag.insert(1, 's');
    }
    format!("DO {tag} BEGIN EXECUTE {}; END {tag}", literal(script))
}

/// The table that remembers which jobs were published into a schema, for SQL.
pub(crate) fn commits(target: &TableName) -> String {
    format!("{}.sluice_commit", quote(target.schema.as_deref().unwrap_or_default()))
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
            schema: Some("s".into()),
            table: "t".into(),
        };
        let stage = name(&target, &key);
        // PostgreSQL cuts longer names.
        assert!(stage.table.len() <= 63);
        assert_eq!(token(&stage.table), Some(u64::MAX));
        assert_eq!(token("_sluice_stage_x_1"), None);
        assert_eq!(token("orders_1_1"), None);
    }

    #[test]
    fn scripts_cannot_leave_their_quotes() {
        let text = contained("DELETE FROM t WHERE a = '$sluice$' -- it's");
        assert_eq!(
            text,
            "DO $ssluice$ BEGIN EXECUTE E'DELETE FROM t WHERE a = ''$sluice$'' -- it''s'; END $ssluice$"
        );
    }
}

//! Publishing: one transaction that moves the staged rows and notes the job.

use super::merge::Merge;
use super::target::Target;
use super::{parts, stage};
use crate::errors;
use crate::names::{TableName, literal};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed};

/// What was published.
pub(crate) struct Published {
    pub(crate) committed: Committed,
    /// The transaction that all rows bear, and no others, where it wrote into the table itself.
    pub(crate) transaction: Option<String>,
}

/// How rows get into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They are in it, in the transaction that is open.
    Direct,
    /// The staging table becomes the table.
    Rename,
    /// They are moved out of the staging table.
    Insert,
}

/// What is published.
pub(crate) struct Publication<'a> {
    pub(crate) target: &'a Target,
    pub(crate) merge: &'a Merge,
    pub(crate) way: Way,
    pub(crate) stage: &'a TableName,
    pub(crate) key: &'a CommitKey,
    /// Rows that were verified to be staged.
    pub(crate) rows: u64,
    /// Runs before the rows are inserted, in the same transaction.
    pub(crate) script: Option<&'a str>,
}

/// Makes the table that remembers published jobs, and refuses an attempt that is behind. Says whether the job was published
/// before.
///
/// # Errors
/// `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) async fn prepare(session: &Session, target: &TableName, key: &CommitKey) -> Result<bool, Fault> {
    let commits = stage::commits(target);
    // Two that create the same table at the same time would fail even with IF NOT EXISTS.
    let create = format!(
        "BEGIN; SELECT pg_advisory_xact_lock(hashtext({})); CREATE TABLE IF NOT EXISTS {commits} \
         (job text PRIMARY KEY, attempt integer NOT NULL, token bigint NOT NULL, rows bigint NOT NULL, \
         committed_at timestamptz NOT NULL); COMMIT",
        literal(&commits)
    );
    let exists = session
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&commits])
        .await
        .and_then(|row| row.try_get::<_, bool>(0))
        .map_err(|error| errors::fault("looking for the table of commits", &error))?;
    match exists {
        false => session.run("creating the table of commits", &create).await?,
        true => forget_old(session, &commits).await,
    }
    published(session, &commits, key).await
}

/// Forgets jobs that nobody will ask for again. Best effort.
async fn forget_old(session: &Session, commits: &str) {
    let delete = format!("DELETE FROM {commits} WHERE committed_at < now() - interval '90 days'");
    if let Err(fault) = session.run("forgetting old jobs", &delete).await {
        tracing::debug!(%fault, "Old jobs stay in the table of commits");
    }
}

/// Publishes, or finds that it was done already.
///
/// # Errors
/// `SL7001` when the staging has lost rows, `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) async fn publish(session: &Session, publication: &Publication<'_>) -> Result<Published, Fault> {
    let Publication {
        target,
        merge,
        way,
        stage,
        key,
        rows,
        script,
    } = *publication;
    let doing = format!("publishing into {}", target.name);
    let failed = |error| errors::fault(&doing, &error);
    let committed = |replayed| Published {
        committed: Committed {
            location: target.name.to_string(),
            replayed,
        },
        transaction: None,
    };
    let commits = stage::commits(&target.name);
    if way != Way::Direct {
        session.run(&doing, "BEGIN").await?;
    }
    // First, and it waits for another attempt that is publishing right now: only one of them gets in.
    let note = format!(
        "INSERT INTO {commits} (job, attempt, token, rows, committed_at) VALUES ($1, $2, $3, $4, now()) \
         ON CONFLICT (job) DO NOTHING"
    );
    let attempt = i32::try_from(key.attempt).unwrap_or(i32::MAX);
    let noted = session
        .execute(&note, &[&key.job.as_str(), &attempt, &token(key)?, &count(rows)?])
        .await
        .map_err(failed)?;
    if noted == 0 {
        session.run(&doing, "ROLLBACK").await?;
        published(session, &commits, key).await?;
        stage::drop(session, stage).await.unwrap_or_else(|fault| {
            tracing::warn!(table = %stage, %fault, "Staging table of a published job stays");
        });
        return Ok(committed(true));
    }
    stage::check(session, stage).await?;
    let inserted = match way {
        Way::Direct => rows,
        Way::Rename => {
            merge.check(session, stage).await?;
            if let Some(script) = script {
                session.run("running preCopyScript", &stage::contained(script)).await?;
            }
            if stage::becomes(session, stage, &target.name).await? {
                let parts = parts::name(stage).quoted();
                let done = format!("DROP TABLE IF EXISTS {parts}; COMMIT");
                session.run(&doing, &done).await?;
                return Ok(committed(false));
            }
            // Somebody else has made it meanwhile.
            insert(session, publication, None).await?
        }
        Way::Insert => insert(session, publication, script).await?,
    };
    if inserted != rows {
        // An unlogged table is empty after a crash of the server.
        let text = format!("{stage} held {rows} rows when it was verified and {inserted} when it was published");
        return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
    }
    let transaction = match way {
        Way::Direct => Some(transaction(session).await?),
        _ => None,
    };
    session
        .run(
            &doing,
            &format!(
                "DROP TABLE {}; DROP TABLE IF EXISTS {}; COMMIT",
                stage.quoted(),
                parts::name(stage).quoted()
            ),
        )
        .await?;
    Ok(Published {
        transaction,
        ..committed(false)
    })
}

/// The number that rows written now bear.
async fn transaction(session: &Session) -> Result<String, Fault> {
    let failed = |error| errors::fault("asking for the transaction", &error);
    let query = "SELECT (txid_current() % 4294967296)::text";
    let row = session.query_one(query, &[]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// Publishes what is staged; says how many rows that are.
async fn insert(session: &Session, publication: &Publication<'_>, script: Option<&str>) -> Result<u64, Fault> {
    let Publication {
        target, merge, stage, ..
    } = *publication;
    let doing = format!("publishing into {}", target.name);
    ready(session, target, merge, script).await?;
    merge.check(session, stage).await?;
    let mut inserted = 0;
    for statement in merge.statements(target, stage, "") {
        let added = session.execute(&statement, &[]).await;
        inserted += added.map_err(|error| errors::fault(&doing, &error))?;
    }
    match merge {
        Merge::Insert => Ok(inserted),
        // Rows that are there already may be updated twice, or not at all.
        _ => stage::count(session, stage).await,
    }
}

/// Makes the table where it is missing, keeps others from it where that is needed, and runs the script.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn ready(
    session: &Session,
    target: &Target,
    merge: &Merge,
    script: Option<&str>,
) -> Result<(), Fault> {
    let doing = format!("publishing into {}", target.name);
    if let Some(columns) = &target.create {
        let lock = literal(&target.name.quoted());
        let create = format!(
            "SELECT pg_advisory_xact_lock(hashtext({lock})); CREATE TABLE IF NOT EXISTS {} ({columns})",
            target.name.quoted()
        );
        session.run(&doing, &create).await?;
    }
    if let Some(lock) = merge.lock(&target.name) {
        session.run(&doing, &lock).await?;
    }
    if let Some(script) = script {
        session.run("running preCopyScript", &stage::contained(script)).await?;
    }
    Ok(())
}

/// Whether the job was published before.
async fn published(session: &Session, commits: &str, key: &CommitKey) -> Result<bool, Fault> {
    let failed = |error| errors::fault("looking up the job's commit", &error);
    let query = format!("SELECT token FROM {commits} WHERE job = $1");
    let Some(row) = session.query_opt(&query, &[&key.job.as_str()]).await.map_err(failed)? else {
        return Ok(false);
    };
    let found: i64 = row.try_get(0).map_err(failed)?;
    if found > token(key)? {
        let text = format!(
            "the job was published with token {found}, which is later than {}",
            key.token
        );
        return Err(Fault::new(Code::CommitDenied, text));
    }
    Ok(true)
}

fn token(key: &CommitKey) -> Result<i64, Fault> {
    count(key.token)
}

fn count(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::new(Code::Internal, format!("{number} does not fit a bigint")))
}

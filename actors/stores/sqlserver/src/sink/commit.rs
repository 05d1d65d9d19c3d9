//! Publishing: one transaction that moves the staged rows and notes the job.

use super::moves::Moves;
use super::stage;
use super::target::Target;
use crate::describe;
use crate::names::TableName;
use crate::session::{Session, value};
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed};

/// What is published.
pub(crate) struct Publication<'a> {
    pub(crate) target: &'a Target,
    pub(crate) stage: &'a TableName,
    /// The table of its parts, where they are kept.
    pub(crate) parts: Option<&'a TableName>,
    pub(crate) key: &'a CommitKey,
    /// Rows that were verified to be staged.
    pub(crate) rows: u64,
    /// Runs before the rows are inserted, in the same transaction.
    pub(crate) script: Option<&'a str>,
    /// Locks the whole table from the first row on.
    pub(crate) lock_table: bool,
}

/// Makes the table that remembers published jobs, and refuses an attempt that is behind. Says whether the job was published
/// before.
///
/// # Errors
/// `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) async fn prepare(session: &mut Session, target: &TableName, key: &CommitKey) -> Result<bool, Fault> {
    const DOING: &str = "creating the table of commits";
    let commits = commits(target);
    if !describe::exists(session, &commits).await? {
        let create = format!(
            "CREATE TABLE {commits} ([job] nvarchar(128) NOT NULL PRIMARY KEY, [attempt] int NOT NULL, [token] bigint NOT NULL, \
             [row_count] bigint NOT NULL, [committed_at] datetime2(3) NOT NULL)"
        );
        if let Err(fault) = session.run(DOING, &create).await {
            // Somebody else may have made it meanwhile.
            if !describe::exists(session, &commits).await? {
                return Err(fault);
            }
        }
    }
    published(session, &commits, key, "").await
}

/// Publishes, or finds that it was done already.
///
/// # Errors
/// `SL7001` when the staging has lost rows, `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) async fn publish(session: &mut Session, publication: &Publication<'_>) -> Result<Committed, Fault> {
    let Publication {
        target,
        stage,
        key,
        rows,
        ..
    } = *publication;
    let doing = format!("publishing into {}", target.name);
    let commits = commits(&target.name);
    session.run(&doing, "BEGIN TRANSACTION").await?;
    // First, with locks until the end: another attempt that is publishing right now is waited for, and only one gets in.
    if published(session, &commits, key, " WITH (UPDLOCK, HOLDLOCK)").await? {
        session.run(&doing, "ROLLBACK TRANSACTION").await?;
        for table in [Some(stage), publication.parts].into_iter().flatten() {
            stage::drop(session, table).await.unwrap_or_else(|fault| {
                tracing::warn!(%table, %fault, "Staging table of a published job stays");
            });
        }
        return Ok(committed(target, true));
    }
    stage::check(session, stage).await?;
    if let Some(parts) = publication.parts {
        // Without it, the staging table belongs to a later attempt.
        stage::check(session, parts).await?;
    }
    if let Some(columns) = &target.create
        && !describe::exists(session, &target.name.quoted()).await?
    {
        session
            .run(&doing, &format!("CREATE TABLE {} ({columns})", target.name.quoted()))
            .await?;
    }
    if let Some(script) = publication.script {
        run_script(session, script).await?;
    }
    let moves = Moves {
        target,
        stage,
        lock_table: publication.lock_table,
    };
    moves.check_keys(session, &doing).await?;
    let moved = moves.run(session, &doing, None).await?;
    if moved > rows && !target.keys.is_empty() {
        let text = format!(
            "{doing}: several rows of {} have the same upsert key ({})",
            target.name,
            target.keys.join(", ")
        );
        return Err(Fault::new(Code::DataInvalid, text));
    }
    if moved != rows {
        let text = format!(
            "{stage} held {rows} rows when it was verified and {moved} came into {} when it was published",
            target.name
        );
        return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
    }
    let note = format!(
        "INSERT INTO {commits} ([job], [attempt], [token], [row_count], [committed_at]) VALUES (@P1, @P2, @P3, @P4, SYSUTCDATETIME())"
    );
    let attempt = i32::try_from(key.attempt).unwrap_or(i32::MAX);
    session
        .query(
            &doing,
            &note,
            &[&key.job.as_str(), &attempt, &token(key)?, &count(rows)?],
        )
        .await?;
    for table in [Some(stage), publication.parts].into_iter().flatten() {
        session.run(&doing, &format!("DROP TABLE {}", table.quoted())).await?;
    }
    session.run(&doing, "COMMIT TRANSACTION").await?;
    Ok(committed(target, false))
}

fn committed(target: &Target, replayed: bool) -> Committed {
    Committed {
        location: target.name.to_string(),
        replayed,
    }
}

/// Runs the user's script, which may not end the transaction that it is in.
pub(super) async fn run_script(session: &mut Session, script: &str) -> Result<(), Fault> {
    const DOING: &str = "running preCopyScript";
    session.long(DOING, script).await?;
    let rows = session.rows(DOING, "SELECT @@TRANCOUNT").await?;
    let open = rows
        .first()
        .map(|row| value::<i32>(row, 0, DOING))
        .transpose()?
        .flatten();
    match open {
        Some(1) => Ok(()),
        _ => {
            let text =
                format!("{DOING}: it has begun, committed or rolled back a transaction; it runs in the copy's own");
            Err(Fault::new(Code::QueryFailed, text))
        }
    }
}

/// Whether the job was published before.
async fn published(session: &mut Session, commits: &str, key: &CommitKey, hint: &str) -> Result<bool, Fault> {
    const DOING: &str = "looking up the job's commit";
    let query = format!("SELECT [token] FROM {commits}{hint} WHERE [job] = @P1");
    let rows = session.query(DOING, &query, &[&key.job.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let found = value::<i64>(row, 0, DOING)?.unwrap_or_default();
    if found > token(key)? {
        let text = format!(
            "the job was published with token {found}, which is later than {}",
            key.token
        );
        return Err(Fault::new(Code::CommitDenied, text));
    }
    Ok(true)
}

/// The table that remembers which jobs were published into a schema, for SQL.
fn commits(target: &TableName) -> String {
    let commits = TableName {
        schema: target.schema.clone(),
        table: "sluice_commit".to_owned(),
    };
    commits.quoted()
}

fn token(key: &CommitKey) -> Result<i64, Fault> {
    count(key.token)
}

fn count(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::new(Code::Internal, format!("{number} does not fit a bigint")))
}

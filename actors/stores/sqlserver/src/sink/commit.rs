//! Publishing: one transaction that moves the staged rows and notes the job.

use super::stage;
use super::target::Target;
use crate::describe;
use crate::names::{TableName, quote};
use crate::session::{Session, value};
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed};

/// What is published.
pub(crate) struct Publication<'a> {
    pub(crate) target: &'a Target,
    pub(crate) stage: &'a TableName,
    pub(crate) key: &'a CommitKey,
    /// Rows that were verified to be staged.
    pub(crate) rows: u64,
    /// Runs before the rows are inserted, in the same transaction.
    pub(crate) script: Option<&'a str>,
    /// Locks the whole table from the first row on.
    pub(crate) lock_table: bool,
}

/// Makes the table that remembers published jobs, and refuses an attempt that is behind.
///
/// # Errors
/// `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) async fn prepare(session: &mut Session, target: &TableName, key: &CommitKey) -> Result<(), Fault> {
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
    published(session, &commits, key, "").await.map(drop)
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
        stage::drop(session, stage).await.unwrap_or_else(|fault| {
            tracing::warn!(table = %stage, %fault, "Staging table of a published job stays");
        });
        return Ok(committed(target, true));
    }
    stage::check(session, stage).await?;
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
    let moved = match target.keys.is_empty() {
        true => insert(session, publication, &doing).await?,
        false => upsert(session, publication, &doing).await?,
    };
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
    session.run(&doing, &format!("DROP TABLE {}", stage.quoted())).await?;
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
async fn run_script(session: &mut Session, script: &str) -> Result<(), Fault> {
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

/// Adds the staged rows; how many it were.
async fn insert(session: &mut Session, publication: &Publication<'_>, doing: &str) -> Result<u64, Fault> {
    let Publication { target, stage, .. } = *publication;
    let list = target.list();
    let hint = if publication.lock_table { " WITH (TABLOCK)" } else { "" };
    let insert = format!(
        "INSERT INTO {}{hint} ({list}) SELECT {list} FROM {}",
        target.name.quoted(),
        stage.quoted()
    );
    counted(session, doing, &with_identity(target, &insert)).await
}

/// Replaces the rows whose keys are there, and adds the others; how many it were.
async fn upsert(session: &mut Session, publication: &Publication<'_>, doing: &str) -> Result<u64, Fault> {
    let Publication { target, stage, .. } = *publication;
    let (table, staged) = (target.name.quoted(), stage.quoted());
    let keys: Vec<String> = target.keys.iter().map(|key| quote(key)).collect();
    let any_null: Vec<String> = keys.iter().map(|key| format!("{key} IS NULL")).collect();
    let data = |text: String| Err(Fault::new(Code::DataInvalid, format!("{doing}: {text}")));
    // Neither has one row to be found.
    let nulls = format!("SELECT TOP 1 1 FROM {staged} WHERE {}", any_null.join(" OR "));
    if !session.long(doing, &nulls).await?.is_empty() {
        return data(format!(
            "a row has NULL in the upsert's key ({})",
            target.keys.join(", ")
        ));
    }
    let list = keys.join(", ");
    let twice = format!("SELECT TOP 1 COUNT_BIG(*) FROM {staged} GROUP BY {list} HAVING COUNT_BIG(*) > 1");
    if !session.long(doing, &twice).await?.is_empty() {
        return data(format!(
            "two rows have the same upsert key ({})",
            target.keys.join(", ")
        ));
    }
    let matches = target.same_key();
    let others: Vec<String> = target
        .columns
        .iter()
        .filter(|column| !target.keys.contains(&column.name))
        .map(|c| quote(&c.name))
        .collect();
    // Locks on the ranges of the keys, held to the end, keep others from adding the same rows in between.
    let hint = if publication.lock_table {
        "TABLOCKX, HOLDLOCK"
    } else {
        "UPDLOCK, HOLDLOCK"
    };
    let updated = match others.is_empty() {
        false => {
            let set: Vec<String> = others.iter().map(|column| format!("{column} = s.{column}")).collect();
            let update = format!(
                "UPDATE t SET {} FROM {table} AS t WITH ({hint}) INNER JOIN {staged} AS s ON {matches}",
                set.join(", ")
            );
            counted(session, doing, &update).await?
        }
        true => {
            let found =
                format!("SELECT COUNT_BIG(*) FROM {staged} AS s INNER JOIN {table} AS t WITH ({hint}) ON {matches}");
            one(session, doing, &found).await?
        }
    };
    let columns: Vec<String> = target
        .columns
        .iter()
        .map(|column| format!("s.{}", quote(&column.name)))
        .collect();
    let insert = format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {staged} AS s WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WITH ({hint}) WHERE {matches})",
        target.list(),
        columns.join(", ")
    );
    let inserted = counted(session, doing, &with_identity(target, &insert)).await?;
    if updated + inserted > publication.rows {
        return data(format!(
            "several rows of {} have the same upsert key ({})",
            target.name,
            target.keys.join(", ")
        ));
    }
    Ok(updated + inserted)
}

/// Lets values of an identity column in; the count is asked for before that ends.
fn with_identity(target: &Target, statement: &str) -> String {
    match target.identity {
        true => format!("SET IDENTITY_INSERT {} ON; {statement}", target.name.quoted()),
        false => statement.to_owned(),
    }
}

/// Runs a statement, and asks how many rows it has changed: what triggers change is not counted.
async fn counted(session: &mut Session, doing: &str, statement: &str) -> Result<u64, Fault> {
    one(
        session,
        doing,
        &format!("{statement}; SELECT CAST(@@ROWCOUNT AS bigint)"),
    )
    .await
}

/// The number that a batch ends with.
async fn one(session: &mut Session, doing: &str, batch: &str) -> Result<u64, Fault> {
    let rows = session.last(doing, batch).await?;
    let count = rows
        .first()
        .map(|row| value::<i64>(row, 0, doing))
        .transpose()?
        .flatten();
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
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

//! Publishing: one transaction that moves the staged rows and notes the job.

use super::script;
use super::stage::{self, Stage};
use super::target::Target;
use crate::errors;
use crate::names::quote;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use std::sync::Arc;

/// What is published.
pub(crate) struct Publication {
    pub(crate) target: Arc<Target>,
    pub(crate) stage: Stage,
    pub(crate) key: CommitKey,
    /// Rows that were verified to be staged.
    pub(crate) rows: u64,
    /// Runs before the rows are inserted, in the same transaction.
    pub(crate) script: Option<String>,
}

const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.sluice_commit (job TEXT PRIMARY KEY, attempt INTEGER NOT NULL, \
     token INTEGER NOT NULL, rows INTEGER NOT NULL, committed_at TEXT NOT NULL)";

/// Forgets jobs that nobody will ask for again.
const FORGET_OLD: &str =
    "DELETE FROM main.sluice_commit WHERE committed_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-90 days')";

/// Refuses an attempt that is behind. Returns whether the job was published before.
///
/// # Errors
/// `SL7004` when a later attempt published; other `SL60xx`.
pub(crate) fn check(connection: &Connection, key: &CommitKey) -> Result<bool, Fault> {
    let find = || {
        let there = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'sluice_commit'";
        if connection.query_row(there, [], |_| Ok(())).optional()?.is_none() {
            return Ok(None);
        }
        let query = "SELECT token FROM main.sluice_commit WHERE job = ?1";
        connection
            .query_row(query, [key.job.as_str()], |row| row.get::<_, i64>(0))
            .optional()
    };
    let found = find().map_err(|error| errors::fault("looking up the job's commit", &error))?;
    match found {
        Some(found) if found > number(key.token)? => {
            let text = format!(
                "the job was published with token {found}, which is later than {}",
                key.token
            );
            Err(Fault::new(Code::CommitDenied, text))
        }
        found => Ok(found.is_some()),
    }
}

impl Publication {
    /// Publishes; returns whether it was done before.
    ///
    /// # Errors
    /// `SL7001` when the staging has lost rows, `SL7004` when a later attempt published; other `SL60xx`.
    pub(crate) fn publish(&self, connection: &mut Connection) -> Result<bool, Fault> {
        let doing = format!("publishing into {}", self.target.name);
        let failed = |error| errors::fault(&doing, &error);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let replayed = check(&transaction, &self.key)?;
        if !replayed {
            self.stage.check(&transaction)?;
            self.insert(&transaction, &doing)?;
        }
        stage::drop_all(&transaction, &self.stage, &self.key)?;
        transaction.commit().map_err(failed)?;
        if self.stage.file.is_some()
            && let Err(fault) = self.stage.remove(connection)
        {
            tracing::warn!(%fault, "A staging file stays until the next attempt");
        }
        Ok(replayed)
    }

    /// Creates the target, if it is to be created.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) fn make_target(&self, transaction: &Transaction<'_>, doing: &str) -> Result<(), Fault> {
        let Some(columns) = &self.target.create else {
            return Ok(());
        };
        let create = format!(
            "CREATE TABLE IF NOT EXISTS main.{} ({columns})",
            quote(&self.target.name)
        );
        transaction
            .execute_batch(&create)
            .map_err(|error| errors::fault(doing, &error))
    }

    fn insert(&self, transaction: &Transaction<'_>, doing: &str) -> Result<(), Fault> {
        let failed = |error| errors::fault(doing, &error);
        self.make_target(transaction, doing)?;
        if let Some(script) = &self.script {
            script::run(transaction, script)?;
        }
        let rows = self.target.publish_rows(&self.stage.sql());
        let inserted = match (&self.target.upsert, rows) {
            (Some(upsert), None) => upsert.publish(transaction, &self.target, &self.stage).map_err(failed)?,
            (upsert, rows) => {
                let statement = rows.unwrap_or_default().replace("{rows}", "true");
                let changed = transaction.execute(&statement, []).map_err(failed)?;
                // Rows that are there and have nothing but keys are not counted as changes.
                match upsert
                    .as_ref()
                    .is_some_and(|upsert| upsert.others(&self.target).is_empty())
                {
                    true => usize::try_from(self.stage.count(transaction)?).unwrap_or(usize::MAX),
                    false => changed,
                }
            }
        };
        if inserted as u64 != self.rows {
            let (stage, rows) = (&self.stage.table, self.rows);
            let text = format!("{stage} held {rows} rows when it was verified and {inserted} when it was published");
            return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
        }
        transaction.execute_batch(CREATE).map_err(failed)?;
        transaction.execute_batch(FORGET_OLD).map_err(failed)?;
        let note = "INSERT INTO main.sluice_commit (job, attempt, token, rows, committed_at) \
             VALUES (?1, ?2, ?3, ?4, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
        let key = &self.key;
        let values = params![key.job.as_str(), key.attempt, number(key.token)?, number(self.rows)?];
        transaction.execute(note, values).map_err(failed)?;
        Ok(())
    }
}

fn number(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::new(Code::Internal, format!("{number} does not fit an INTEGER")))
}

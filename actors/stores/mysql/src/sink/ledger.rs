//! The table that remembers which jobs were published into a database.

use crate::names::{TableName, literal};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;

/// The table `sluice_commit` of one database.
pub(super) struct Ledger(TableName);

/// What is remembered of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) token: u64,
    /// The staging table that was decided to become the target, and may not have yet.
    pub(super) stage: Option<String>,
}

/// Seconds that one attempt waits for another one of its job to begin or to publish.
const LOCK_SECONDS: u32 = 30;

impl Ledger {
    /// The one beside a table.
    pub(super) fn of(table: &TableName) -> Self {
        Self(table.beside("sluice_commit"))
    }

    /// Makes it, if it is not there.
    ///
    /// # Errors
    /// `SL6006`; other `SL60xx`.
    pub(super) async fn make(&self, session: &mut Session) -> Result<(), Fault> {
        let query = format!(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            literal(&self.0.database),
            literal(&self.0.table)
        );
        if session.row("looking for the table of commits", &query).await?.is_some() {
            self.forget_old(session).await;
            return Ok(());
        }
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (job varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, \
             attempt int unsigned NOT NULL, token bigint unsigned NOT NULL, `rows` bigint unsigned NOT NULL, \
             stage varchar(64) CHARACTER SET utf8mb4 NULL, committed_at datetime(6) NOT NULL) ENGINE = InnoDB",
            self.0.quoted()
        );
        session.run("creating the table of commits", &create).await.map(drop)
    }

    /// Forgets jobs that nobody will ask for again. Best effort.
    async fn forget_old(&self, session: &mut Session) {
        let delete = format!(
            "DELETE FROM {} WHERE stage IS NULL AND committed_at < UTC_TIMESTAMP(6) - INTERVAL 90 DAY",
            self.0.quoted()
        );
        if let Err(fault) = session.run("forgetting old jobs", &delete).await {
            tracing::debug!(%fault, "Old jobs stay in the table of commits");
        }
    }

    /// Keeps other attempts of the job from beginning and publishing, until the session is closed or
    /// [unlocks](Self::unlock).
    ///
    /// # Errors
    /// `SL6014` when another attempt is at it for too long.
    pub(super) async fn lock(&self, session: &mut Session, key: &CommitKey) -> Result<(), Fault> {
        let query = format!("SELECT GET_LOCK({}, {LOCK_SECONDS})", lock_name(key));
        let row = session.row("waiting for other attempts of the job", &query).await?;
        match row.and_then(|row| row.into_iter().next().flatten()).as_deref() {
            Some("1") => Ok(()),
            _ => Err(Fault::new(Code::StoreBusy, "another attempt of the job is publishing")),
        }
    }

    /// Lets others in.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn unlock(&self, session: &mut Session, key: &CommitKey) -> Result<(), Fault> {
        let query = format!("SELECT RELEASE_LOCK({})", lock_name(key));
        session.run("letting other attempts in", &query).await.map(drop)
    }

    /// What is remembered of the job.
    ///
    /// # Errors
    /// `SL7004` when a later attempt published; other `SL60xx`.
    pub(super) async fn find(&self, session: &mut Session, key: &CommitKey) -> Result<Option<Entry>, Fault> {
        let query = format!(
            "SELECT token, stage FROM {} WHERE job = {}",
            self.0.quoted(),
            literal(key.job.as_str())
        );
        let Some(row) = session.row("looking up the job's commit", &query).await? else {
            return Ok(None);
        };
        let mut cells = row.into_iter();
        let token: u64 = cells
            .next()
            .flatten()
            .and_then(|token| token.parse().ok())
            .ok_or_else(|| Fault::new(Code::StoreFailed, format!("{} holds a token that is none", self.0)))?;
        if token > key.token {
            let text = format!(
                "the job was published with token {token}, which is later than {}",
                key.token
            );
            return Err(Fault::new(Code::CommitDenied, text));
        }
        Ok(Some(Entry {
            token,
            stage: cells.next().flatten(),
        }))
    }

    /// The staging table that was decided to become the target, and may not have yet.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(super) async fn pending(&self, session: &mut Session, key: &CommitKey) -> Result<Option<String>, Fault> {
        Ok(self.find(session, key).await?.and_then(|entry| entry.stage))
    }

    /// Remembers the job as published, in the transaction that is open.
    ///
    /// # Errors
    /// `SL6014` when another attempt did so meanwhile; other `SL60xx`.
    pub(super) async fn note(
        &self,
        session: &mut Session,
        key: &CommitKey,
        rows: u64,
        stage: Option<&str>,
    ) -> Result<(), Fault> {
        let note = format!(
            "INSERT INTO {} (job, attempt, token, `rows`, stage, committed_at) VALUES ({}, {}, {}, {rows}, {}, UTC_TIMESTAMP(6)) \
             ON DUPLICATE KEY UPDATE job = job",
            self.0.quoted(),
            literal(key.job.as_str()),
            key.attempt,
            key.token,
            stage.map_or_else(|| "NULL".to_owned(), literal),
        );
        let noted = session.run("noting the job", &note).await?;
        match noted.done.affected {
            1 => Ok(()),
            _ => Err(Fault::new(
                Code::StoreBusy,
                "another attempt of the job has published meanwhile",
            )),
        }
    }

    /// The staging table has become the target.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn settle(&self, session: &mut Session, key: &CommitKey) -> Result<(), Fault> {
        let update = format!(
            "UPDATE {} SET stage = NULL WHERE job = {}",
            self.0.quoted(),
            literal(key.job.as_str())
        );
        session.run("noting the job", &update).await.map(drop)
    }

    /// Forgets the job: it was not published after all.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn forget(&self, session: &mut Session, key: &CommitKey) -> Result<(), Fault> {
        let delete = format!(
            "DELETE FROM {} WHERE job = {} AND token = {}",
            self.0.quoted(),
            literal(key.job.as_str()),
            key.token
        );
        session.run("forgetting the job", &delete).await.map(drop)
    }
}

/// At most 64 characters.
fn lock_name(key: &CommitKey) -> String {
    let job: String = key.job.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    literal(&format!("sluice.{}", &job[job.len().saturating_sub(40)..]))
}

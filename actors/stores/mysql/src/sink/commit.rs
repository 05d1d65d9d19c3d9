//! Publishing what is staged, and noting the job, as one step.
//!
//! Into a table that is there: one transaction moves the rows and notes the job. A new table is the staging table itself,
//! renamed, because MySQL creates no table inside a transaction: the note names the staging table first, so that whoever
//! finds the note and the staging table knows that only the renaming is left to be done.

use super::ledger::Ledger;
use super::target::Target;
use super::upsert::Merge;
use super::{script, stage, warnings};
use crate::names::TableName;
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed};

/// What is published.
pub(super) struct Publication<'a> {
    pub(super) target: &'a Target,
    pub(super) stage: &'a TableName,
    /// Tables with rows that are published, the staging table among them.
    pub(super) tables: &'a [TableName],
    /// The same, and those of writers that did not finish.
    pub(super) all: &'a [TableName],
    pub(super) key: &'a CommitKey,
    /// Rows that were verified to be staged.
    pub(super) rows: u64,
    /// Statements that run before the rows are published, in the same transaction.
    pub(super) script: &'a [String],
    pub(super) merge: &'a Merge,
}

impl Publication<'_> {
    /// Publishes, or finds that it was done already. The job's lock is held.
    ///
    /// # Errors
    /// `SL7001` when the staging has lost rows, `SL7004` when a later attempt published; other `SL60xx`.
    pub(super) async fn publish(&self, session: &mut Session) -> Result<Committed, Fault> {
        let ledger = Ledger::of(&self.target.name);
        let committed = |replayed| Committed {
            location: self.target.name.to_string(),
            replayed,
        };
        if let Some(entry) = ledger.find(session, self.key).await? {
            if let Some(pending) = entry.stage {
                self.finish(session, &ledger, &self.target.name.beside(pending)).await?;
            }
            stage::drop_all(session, self.all).await;
            return Ok(committed(true));
        }
        let staged = stage::count_all(session, self.tables).await?;
        if staged != self.rows {
            let (stage, rows) = (self.stage, self.rows);
            let text = format!("{stage} held {rows} rows when it was verified and {staged} when it was published");
            return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
        }
        self.merge.check(session, self.stage).await?;
        match (self.target.create, self.script.is_empty()) {
            (true, true) => self.rename(session, &ledger).await?,
            (true, false) => {
                self.create(session).await?;
                let moved = self.insert(session, &ledger).await;
                if moved.is_err() {
                    self.uncreate(session).await;
                }
                moved?;
            }
            (false, _) => self.insert(session, &ledger).await?,
        }
        Ok(committed(false))
    }

    /// The staging table becomes the target.
    async fn rename(&self, session: &mut Session, ledger: &Ledger) -> Result<(), Fault> {
        ledger
            .note(session, self.key, self.rows, Some(&self.stage.table))
            .await?;
        match self.renamed(session, self.stage).await {
            Ok(()) => {
                ledger.settle(session, self.key).await?;
                // What is left of the staging: its parts.
                stage::drop_all(session, self.all).await;
                Ok(())
            }
            // Whether it was done is not known: the next attempt sees.
            Err(fault) if fault.code == Code::StoreUnreachable => Err(fault),
            Err(fault) => {
                ledger.forget(session, self.key).await?;
                Err(fault)
            }
        }
    }

    async fn renamed(&self, session: &mut Session, stage: &TableName) -> Result<(), Fault> {
        let doing = format!("publishing {}", self.target.name);
        let rename = format!("RENAME TABLE {} TO {}", stage.quoted(), self.target.name.quoted());
        session.run(&doing, &rename).await.map(drop)
    }

    /// An earlier attempt has noted the job, and may have died before its staging table became the target.
    async fn finish(&self, session: &mut Session, ledger: &Ledger, pending: &TableName) -> Result<(), Fault> {
        match self.renamed(session, pending).await {
            Ok(()) => {}
            // It had become the target.
            Err(fault) if fault.code == Code::TableNotFound => {}
            Err(fault) => return Err(fault),
        }
        ledger.settle(session, self.key).await?;
        stage::drop_all(session, std::slice::from_ref(pending)).await;
        Ok(())
    }

    async fn create(&self, session: &mut Session) -> Result<(), Fault> {
        let doing = format!("creating {}", self.target.name);
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} LIKE {}",
            self.target.name.quoted(),
            self.stage.quoted()
        );
        session.run(&doing, &create).await.map(drop)
    }

    /// Takes back a table that was created for rows that did not come.
    async fn uncreate(&self, session: &mut Session) {
        let name = self.target.name.quoted();
        let undone = async {
            let doing = format!("dropping {}", self.target.name);
            let filled = session.row(&doing, &format!("SELECT 1 FROM {name} LIMIT 1")).await?;
            match filled {
                Some(_) => Ok(()),
                None => session.run(&doing, &format!("DROP TABLE {name}")).await.map(drop),
            }
        };
        if let Err(fault) = undone.await {
            tracing::warn!(table = %self.target.name, %fault, "Table that was created for the copy stays, empty");
        }
    }

    /// The staged rows go into the target.
    async fn insert(&self, session: &mut Session, ledger: &Ledger) -> Result<(), Fault> {
        let doing = format!("publishing into {}", self.target.name);
        // Dropped in the middle, the transaction is rolled back at once.
        session.set_running(true);
        session.run(&doing, "START TRANSACTION").await?;
        let moved = self.moved(session, ledger, &doing).await;
        let ended = match &moved {
            Ok(()) => session.run(&doing, "COMMIT").await,
            Err(_) => session.run(&doing, "ROLLBACK").await,
        };
        moved?;
        ended?;
        session.set_running(false);
        // Behind the commit: dropping a table would commit by itself.
        stage::drop_all(session, self.all).await;
        Ok(())
    }

    async fn moved(&self, session: &mut Session, ledger: &Ledger, doing: &str) -> Result<(), Fault> {
        // First, and it waits for another attempt that is publishing right now: only one of them gets in.
        ledger.note(session, self.key, self.rows, None).await?;
        script::run(session, self.script).await?;
        let mut inserted = 0;
        for table in self.tables {
            for statement in self.merge.statements(self.target, table, None) {
                let done = session.run(doing, &statement).await?.done;
                warnings::check(session, doing, done.warnings).await?;
                inserted += done.affected;
            }
        }
        if *self.merge == Merge::Insert && inserted != self.rows {
            let text = format!(
                "{inserted} rows of {} were inserted, of {} that are staged",
                self.stage, self.rows
            );
            return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
        }
        Ok(())
    }
}

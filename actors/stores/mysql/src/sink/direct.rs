//! Writing into the table itself, in a transaction that stays open until the commit: the rows are written once. All writers
//! share its one session; what they send are whole rows. The staging table is there as well, empty: its name tells attempts of
//! the same job apart.

use super::commit::Publication;
use super::encode::Unpacked;
use super::ledger::Ledger;
use super::load::{Line, Pen};
use super::{parts, stage};
use crate::names::TableName;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Committed, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// The open transaction. Dropping it takes everything back.
pub(super) struct Direct {
    line: Line,
    /// What was first wrong: behind it the session is in the middle of something.
    failed: Option<Fault>,
    /// A writer was given up that had got rows: those that it sent cannot be told from the others.
    torn: Arc<AtomicBool>,
}

/// The transaction, for all writers of a sink.
pub(super) type Shared = Arc<Mutex<Direct>>;

impl Direct {
    /// Begins the transaction. The session is known by the attempt's staging table, so that a later attempt can end it.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn begin(mut line: Line, stage: &TableName) -> Result<Self, Fault> {
        parts::sign_in(&mut line.session, stage).await?;
        line.run("START TRANSACTION").await?;
        // From here on dropping it has to stop it on the server.
        line.session.set_running(true);
        let torn = Arc::default();
        Ok(Self {
            line,
            failed: None,
            torn,
        })
    }

    /// Whoever is given up in the middle says so here.
    pub(super) fn torn(&self) -> Arc<AtomicBool> {
        self.torn.clone()
    }

    async fn send(&mut self, piece: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(fault) = &self.failed {
            return Err(fault.clone());
        }
        let sent = self.line.send(piece).await;
        self.line.session.set_running(true);
        sent.map_err(|fault| self.failed.insert(fault).clone())
    }

    /// All rows that were sent are with the server, and it has taken every value as it is; says how many it took.
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; `SL7001` when a writer was given up; the server's.
    pub(super) async fn close(&mut self) -> Result<u64, Fault> {
        if let Some(fault) = &self.failed {
            return Err(fault.clone());
        }
        if self.torn.load(Ordering::Relaxed) {
            let text = "a writer was given up behind rows that it may have sent";
            return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
        }
        let ended = self.line.end().await;
        self.line.session.set_running(true);
        match ended {
            Ok(()) => Ok(self.line.taken),
            Err(fault) => Err(self.failed.insert(fault).clone()),
        }
    }

    /// Notes the job and commits, or finds that it was published already and takes everything back.
    ///
    /// # Errors
    /// `SL7004` when a later attempt is staging or has published; other `SL60xx`.
    pub(super) async fn publish(&mut self, publication: &Publication<'_>) -> Result<Committed, Fault> {
        let Publication { target, stage, key, .. } = publication;
        let session = &mut self.line.session;
        let ledger = Ledger::of(&target.name);
        ledger.lock(session, key).await?;
        // Whoever removed the empty table is a later attempt.
        stage::count_all(session, std::slice::from_ref(*stage)).await?;
        let replayed = ledger.find(session, key).await?.is_some();
        let doing = format!("publishing into {}", target.name);
        if replayed {
            session.run(&doing, "ROLLBACK").await?;
        } else {
            ledger.note(session, key, publication.rows, None).await?;
            session.run(&doing, "COMMIT").await?;
        }
        session.set_running(false);
        stage::drop_all(session, publication.all).await;
        // The session lasts as long as the sink; others need not wait for that.
        if let Err(fault) = ledger.unlock(session, key).await {
            tracing::debug!(%fault, "The job's lock ends with the session");
        }
        Ok(Committed {
            location: target.name.to_string(),
            replayed,
        })
    }
}

/// One of the writers. Once it has got rows it has to be finished, or nothing of the copy is published.
pub(super) struct DirectWriter {
    shared: Shared,
    pen: Pen,
    torn: Arc<AtomicBool>,
    /// It has rows, and is not finished.
    open: bool,
}

impl DirectWriter {
    pub(super) async fn new(shared: Shared, pen: Pen) -> Self {
        let torn = shared.lock().await.torn();
        Self {
            shared,
            pen,
            torn,
            open: false,
        }
    }
}

#[async_trait]
impl Writer for DirectWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.open = true;
        let batch = Unpacked::of(&batch, self.pen.columns())?;
        let mut next = 0;
        while self.pen.fill(&batch, &mut next)? {
            self.shared.lock().await.send(&mut self.pen.piece).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        self.open = true;
        let mut direct = self.shared.lock().await;
        direct.send(&mut self.pen.piece).await?;
        // Here the server says what was wrong with the rows so far, of whichever writer.
        direct.close().await?;
        drop(direct);
        self.open = false;
        Ok(())
    }
}

impl Drop for DirectWriter {
    fn drop(&mut self) {
        if self.open {
            self.torn.store(true, Ordering::Relaxed);
        }
    }
}

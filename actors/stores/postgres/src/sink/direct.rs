//! Writing into the table itself, in a transaction that stays open until the commit: the rows are written once. All writers
//! share its one connection; what they send are whole rows.

use super::writer::{START, Told, within};
use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::wire::encode::Encoder;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::SinkExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::{NativeChunk, Writer};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;
use tokio_postgres::CopyInSink;

/// A server that has lost its client finds out within a minute, and gives up the transaction that others may wait for.
const KEEPALIVES: &str = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// The open transaction. Dropping it takes everything back.
pub(crate) struct Direct {
    /// Dropped before its session.
    copy: Option<Pin<Box<CopyInSink<Bytes>>>>,
    session: Session,
    doing: String,
    failed: Option<Fault>,
}

/// The transaction, for all writers of a sink.
pub(crate) type Shared = Arc<Mutex<Direct>>;

impl Direct {
    /// Begins the transaction and the COPY. The session is called after the attempt's staging table, so that a later attempt
    /// can end it.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn begin(
        settings: &Settings,
        table: &TableName,
        list: &str,
        stage: &TableName,
    ) -> Result<Self, Fault> {
        let mut session = Session::open(settings).await?;
        let doing = format!("writing to {table}");
        let name = crate::names::literal(&stage.table);
        let begin = format!("{KEEPALIVES}; SET application_name = {name}; BEGIN");
        session.run(&doing, &begin).await?;
        let statement = format!("COPY {} ({list}) FROM STDIN (FORMAT binary)", table.quoted());
        session.set_running(true);
        let copy = tokio::time::timeout(START, session.copy_in::<_, Bytes>(&statement)).await;
        let copy = copy.map_err(|_| {
            let text = format!("{doing}: no answer within {} s", START.as_secs());
            Fault::new(Code::StoreUnreachable, text)
        })?;
        let copy = copy.map_err(|error| errors::fault(&doing, &error))?;
        let mut direct = Self {
            copy: Some(Box::pin(copy)),
            session,
            doing,
            failed: None,
        };
        direct.send(Encoder::header()).await?;
        Ok(direct)
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Fault> {
        if let Some(fault) = &self.failed {
            return Err(fault.clone());
        }
        let Some(copy) = &mut self.copy else {
            return Err(Fault::new(Code::Internal, "rows come behind the end of the copy"));
        };
        let sent = match within(&self.doing, copy.send(piece)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(fault) => return Err(self.fail(fault)),
        };
        // The channel is closed when the server has refused a row; what it said comes with the end of the copy.
        let fault = match within(&self.doing, copy.as_mut().finish()).await {
            Ok(said) => errors::fault(&self.doing, said.as_ref().err().unwrap_or(&sent)),
            Err(fault) => fault,
        };
        Err(self.fail(fault))
    }

    fn fail(&mut self, fault: Fault) -> Fault {
        self.failed.get_or_insert(fault).clone()
    }

    /// Ends the COPY; says how many rows the server took. Asked again, the answer is none.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn finish(&mut self) -> Result<Option<u64>, Fault> {
        if self.copy.is_none() {
            return Ok(None);
        }
        self.send(Encoder::trailer()).await?;
        let Some(mut copy) = self.copy.take() else {
            return Ok(None);
        };
        match within(&self.doing, copy.as_mut().finish()).await? {
            Ok(rows) => Ok(Some(rows)),
            Err(error) => {
                let fault = errors::fault(&self.doing, &error);
                Err(self.fail(fault))
            }
        }
    }

    /// The session, in the transaction.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

/// Whether rows can be copied into a table itself: one without rules and row security, which only INSERT heeds.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn is_possible(session: &Session, table: &TableName) -> Result<bool, Fault> {
    const QUERY: &str = "SELECT relkind IN ('r', 'p') AND NOT relhasrules AND NOT row_security_active(oid) \
         FROM pg_class WHERE oid = to_regclass($1)";
    let failed = |error| errors::fault(&format!("looking up {table}"), &error);
    let row = session.query_opt(QUERY, &[&table.quoted()]).await.map_err(failed)?;
    row.map_or(Ok(false), |row| row.try_get(0).map_err(failed))
}

/// One of the writers.
pub(crate) struct DirectWriter {
    pub(crate) shared: Shared,
    pub(crate) encoder: Encoder,
    pub(crate) told: Arc<Told>,
}

impl DirectWriter {
    async fn send(&self, piece: Bytes) -> Result<(), Fault> {
        let length = piece.len() as u64;
        self.shared.lock().await.send(piece).await?;
        self.told.bytes.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Writer for DirectWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        let mut rows = self.encoder.start(&batch)?;
        while let Some(piece) = self.encoder.piece(&mut rows)? {
            self.send(piece).await?;
        }
        Ok(())
    }

    async fn write_native(&mut self, chunk: NativeChunk) -> Result<(), Fault> {
        self.told.native.store(true, Ordering::Relaxed);
        self.send(chunk.bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }
}

//! One connection that copies into the staging table.

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
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio_postgres::CopyInSink;

/// How long the server may take nothing: longer than any checkpoint.
const STALL: Duration = Duration::from_secs(300);

/// How long the server may take to begin.
pub(crate) const START: Duration = Duration::from_secs(60);

/// What the writers of a sink tell.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Bytes sent.
    pub(crate) bytes: AtomicU64,
    /// Rows that the server says it has taken, of the writers that have finished.
    pub(crate) taken: AtomicU64,
    /// Rows came in PostgreSQL's own encoding.
    pub(crate) native: AtomicBool,
}

/// A writer. Dropping it unfinished stages none of its rows.
pub(crate) struct CopyWriter {
    copy: Pin<Box<CopyInSink<Bytes>>>,
    encoder: Encoder,
    told: Arc<Told>,
    doing: String,
    session: Session,
}

impl CopyWriter {
    /// Opens a connection and starts the COPY.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn open(
        settings: &Settings,
        stage: &TableName,
        columns: &str,
        encoder: Encoder,
        told: Arc<Told>,
    ) -> Result<Self, Fault> {
        let session = Session::open(settings).await?;
        Self::on(session, stage, columns, encoder, told).await
    }

    /// Starts the COPY on a connection.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn on(
        mut session: Session,
        stage: &TableName,
        columns: &str,
        encoder: Encoder,
        told: Arc<Told>,
    ) -> Result<Self, Fault> {
        let doing = format!("writing to {stage}");
        let copy = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", stage.quoted());
        let copy = session
            .copy_in(&copy)
            .await
            .map_err(|error| errors::fault(&doing, &error))?;
        session.set_running(true);
        let mut writer = Self {
            copy: Box::pin(copy),
            encoder,
            told,
            doing,
            session,
        };
        writer.send(Encoder::header()).await?;
        Ok(writer)
    }

    /// Ends the COPY: the connection, the encoder, and how many rows the server took.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn end(mut self) -> Result<(Session, Encoder, u64), Fault> {
        self.send(Encoder::trailer()).await?;
        let finished = within(&self.doing, self.copy.as_mut().finish()).await?;
        let taken = finished.map_err(|error| errors::fault(&self.doing, &error))?;
        self.session.set_running(false);
        Ok((self.session, self.encoder, taken))
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Fault> {
        let length = piece.len() as u64;
        let sent = within(&self.doing, self.copy.send(piece)).await?;
        if let Err(error) = sent {
            // The channel is closed when the server has refused a row; what it said comes with the end of the copy.
            let said = within(&self.doing, self.copy.as_mut().finish()).await?;
            return Err(errors::fault(&self.doing, said.as_ref().err().unwrap_or(&error)));
        }
        self.told.bytes.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Writer for CopyWriter {
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
        let told = self.told.clone();
        let (_, _, taken) = self.end().await?;
        told.taken.fetch_add(taken, Ordering::Relaxed);
        Ok(())
    }
}

pub(crate) async fn within<T>(doing: &str, work: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(STALL, work).await.map_err(|_| {
        let text = format!("{doing}: the server took nothing for {} s", STALL.as_secs());
        Fault::new(Code::StoreUnreachable, text)
    })
}

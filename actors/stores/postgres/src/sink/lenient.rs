//! A writer that leaves out rows: every batch is a COPY of its own, and one that fails is halved until the rows are found.

use super::writer::{START, Told, within};
use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::wire::encode::{Encoder, Encoding};
use crate::wire::record;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::SinkExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side, Writer};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) struct LenientWriter {
    statement: String,
    columns: Vec<Encoding>,
    /// Rows before this batch.
    before: u64,
    rejects: Rejects,
    place: String,
    told: Arc<Told>,
    doing: String,
    session: Session,
}

impl LenientWriter {
    /// Opens a connection.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn open(
        settings: &Settings,
        stage: &TableName,
        (list, columns): (&str, Vec<Encoding>),
        (place, rejects): (&TableName, &Rejects),
        told: Arc<Told>,
    ) -> Result<Self, Fault> {
        Ok(Self {
            statement: format!("COPY {} ({list}) FROM STDIN (FORMAT binary)", stage.quoted()),
            columns,
            before: 0,
            rejects: rejects.clone(),
            place: place.to_string(),
            told,
            doing: format!("writing to {stage}"),
            session: Session::open(settings).await?,
        })
    }

    /// Writes all of the rows or none.
    async fn put(&mut self, rows: &RecordBatch, before: u64) -> Result<(), Fault> {
        // All of it before the COPY begins: a value that cannot be encoded is found without the server.
        let mut encoder = Encoder::behind(self.columns.clone(), before);
        let mut open = encoder.start(rows)?;
        let mut pieces = vec![Encoder::header()];
        while let Some(piece) = encoder.piece(&mut open)? {
            pieces.push(piece);
        }
        pieces.push(Encoder::trailer());
        let length: usize = pieces.iter().map(Bytes::len).sum();
        let failed = |error| errors::fault(&self.doing, &error);
        let starting = tokio::time::timeout(START, self.session.copy_in::<_, Bytes>(&self.statement)).await;
        let started = starting.map_err(|_| {
            let text = format!("{}: no answer within {} s", self.doing, START.as_secs());
            Fault::new(Code::StoreUnreachable, text)
        })?;
        let mut copy = Box::pin(started.map_err(failed)?);
        for piece in pieces {
            if within(&self.doing, copy.send(piece)).await?.is_err() {
                // What the server said comes with the end of the copy.
                break;
            }
        }
        within(&self.doing, copy.as_mut().finish()).await?.map_err(failed)?;
        self.told.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Writer for LenientWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.session.set_running(true);
        let mut open = vec![(0, batch.num_rows())];
        while let Some((from, count)) = open.pop() {
            let rows = batch.slice(from, count);
            match self.put(&rows, self.before + from as u64).await {
                Ok(()) => {}
                Err(fault) if fault.code != Code::DataInvalid => return Err(fault),
                Err(fault) if count == 1 => {
                    let rejected = Rejected {
                        side: Side::Sink,
                        place: self.place.clone(),
                        record: record::of_batch(&rows, 0),
                        fault,
                    };
                    self.rejects.row(rejected).await?;
                }
                Err(_) => {
                    let half = count / 2;
                    open.extend([(from + half, count - half), (from, half)]);
                }
            }
        }
        self.before += batch.num_rows() as u64;
        self.session.set_running(false);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }
}

//! One connection that writes part after part, each in a transaction of its own.

use super::parts;
use super::writer::{CopyWriter, Told};
use crate::names::{TableName, literal};
use crate::session::Session;
use crate::settings::Settings;
use crate::wire::encode::Encoder;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_store_core::{NativeChunk, Part, Writer};
use std::sync::Arc;

/// A writer. Dropping it takes back what is behind its last part.
pub(crate) struct PartedWriter {
    state: State,
    stage: TableName,
    columns: String,
    told: Arc<Told>,
}

enum State {
    Idle(Session, Encoder),
    /// Within a transaction.
    Writing(CopyWriter),
    /// A fault has ended the connection.
    Gone,
}

impl PartedWriter {
    /// Opens a connection. It is called after the staging table, so that a later attempt can end it.
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
        let name = format!("SET application_name = {}", literal(&stage.table));
        session.run("setting the session up", &name).await?;
        Ok(Self {
            state: State::Idle(session, encoder),
            stage: stage.clone(),
            columns: columns.to_owned(),
            told,
        })
    }

    /// The COPY that is running, or a new one in a new transaction.
    async fn copy(&mut self) -> Result<&mut CopyWriter, Fault> {
        self.state = match std::mem::replace(&mut self.state, State::Gone) {
            State::Idle(session, encoder) => {
                session.run(&format!("writing to {}", self.stage), "BEGIN").await?;
                let told = self.told.clone();
                State::Writing(CopyWriter::on(session, &self.stage, &self.columns, encoder, told).await?)
            }
            other => other,
        };
        match &mut self.state {
            State::Writing(copy) => Ok(copy),
            _ => Err(Fault::new(Code::Internal, "the writer has failed before")),
        }
    }
}

#[async_trait]
impl Writer for PartedWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.copy().await?.write(batch).await
    }

    async fn write_native(&mut self, chunk: NativeChunk) -> Result<(), Fault> {
        self.copy().await?.write_native(chunk).await
    }

    async fn finish_part(&mut self, part: &Part) -> Result<(), Fault> {
        // Also for a part without rows: its note has to be there.
        self.copy().await?;
        let State::Writing(copy) = std::mem::replace(&mut self.state, State::Gone) else {
            return Err(Fault::new(Code::Internal, "the writer has failed before"));
        };
        let (session, encoder, taken) = copy.end().await?;
        if taken != part.rows {
            let text = format!(
                "{}: {} rows were sent, and the server took {taken}",
                part.label, part.rows
            );
            return Err(Fault::new(Code::VerificationFailed, text));
        }
        parts::add(&session, &self.stage, part).await?;
        session
            .run(&format!("writing {} to {}", part.label, self.stage), "COMMIT")
            .await?;
        self.state = State::Idle(session, encoder);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        match self.state {
            State::Idle(..) => Ok(()),
            _ => Err(Fault::new(Code::Internal, "rows were written that belong to no part")),
        }
    }
}

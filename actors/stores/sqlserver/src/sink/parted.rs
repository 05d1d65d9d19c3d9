//! One connection that loads part after part, each in a transaction of its own.

use super::parts;
use super::writer::BulkWriter;
use crate::names::TableName;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Part, Writer};

/// A writer. Dropping it takes back what is behind its last part.
pub(super) struct PartedWriter {
    pub(super) bulk: BulkWriter,
    pub(super) parts: TableName,
    /// The rows so far of the part that is open.
    pub(super) open: Option<u64>,
}

impl PartedWriter {
    /// So many rows more belong to the part that is open, or to a new one.
    async fn part(&mut self, more: u64) -> Result<(), Fault> {
        let rows = match self.open {
            Some(rows) => rows,
            None => {
                self.bulk.session.run("beginning a part", "BEGIN TRANSACTION").await?;
                0
            }
        };
        self.open = Some(rows + more);
        Ok(())
    }
}

#[async_trait]
impl Writer for PartedWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.part(batch.num_rows() as u64).await?;
        self.bulk.write(batch).await
    }

    async fn finish_part(&mut self, part: &Part) -> Result<(), Fault> {
        // Also for a part without rows: its note has to be there.
        self.part(0).await?;
        let rows = self.open.unwrap_or(0);
        if rows != part.rows {
            let text = format!("{}: {} rows were sent, and {rows} were written", part.label, part.rows);
            return Err(Fault::new(Code::VerificationFailed, text));
        }
        let session = &mut self.bulk.session;
        parts::note(session, &self.parts, part).await?;
        session
            .run(&format!("writing {}", part.label), "COMMIT TRANSACTION")
            .await?;
        self.open = None;
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        match self.open {
            None => Ok(()),
            Some(_) => Err(Fault::new(Code::Internal, "rows were written that belong to no part")),
        }
    }
}

//! One stream of batches into the staging table.

use super::load::Loader;
use super::tables::Tables;
use crate::names::TableName;
use crate::source::read::record;
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side, Writer};

/// A writer. Dropping it unfinished stages none of the rows of the file that is open.
pub(super) struct StageWriter {
    pub(super) loader: Loader,
    /// The table that no other writer writes, where it has one.
    pub(super) own: Option<(Tables, TableName)>,
    pub(super) rejects: Option<Rejects>,
    /// The target, for those who read what was left out.
    pub(super) place: String,
}

#[async_trait]
impl Writer for StageWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        match self.rejects.clone() {
            None => self.loader.write(&batch).await,
            Some(rejects) => self.write_what_fits(&batch, &rejects).await,
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        self.loader.close().await?;
        if let Some((tables, own)) = &self.own {
            tables.finished(own);
        }
        Ok(())
    }
}

impl StageWriter {
    /// Writes the rows that the server takes; the others are found by halves.
    async fn write_what_fits(&mut self, batch: &RecordBatch, rejects: &Rejects) -> Result<(), Fault> {
        let bad = self.loader.unwritable(batch)?;
        let mut keep = vec![true; batch.num_rows()];
        for (row, fault) in bad {
            keep[row] = false;
            self.leave_out(rejects, batch, row, fault).await?;
        }
        let good = filter_record_batch(batch, &BooleanArray::from(keep))
            .map_err(|error| Fault::new(Code::Internal, format!("leaving rows out: {error}")))?;
        let mut parts = vec![good];
        while let Some(part) = parts.pop() {
            let Err(fault) = self.try_write(&part).await else {
                continue;
            };
            match (fault.code, part.num_rows()) {
                (Code::DataInvalid, 1) => self.leave_out(rejects, &part, 0, fault).await?,
                (Code::DataInvalid, rows @ 2..) => {
                    let half = rows / 2;
                    parts.push(part.slice(half, rows - half));
                    parts.push(part.slice(0, half));
                }
                _ => return Err(fault),
            }
        }
        Ok(())
    }

    /// Writes all rows or none.
    async fn try_write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.loader.run("START TRANSACTION").await?;
        let written = match self.loader.write(batch).await {
            Ok(()) => self.loader.close().await,
            Err(fault) => Err(fault),
        };
        match written {
            Ok(()) => self.loader.run("COMMIT").await,
            Err(fault) => {
                self.loader.discard();
                if fault.code == Code::DataInvalid {
                    self.loader.run("ROLLBACK").await?;
                }
                Err(fault)
            }
        }
    }

    async fn leave_out(&self, rejects: &Rejects, batch: &RecordBatch, row: usize, fault: Fault) -> Result<(), Fault> {
        rejects
            .row(Rejected {
                side: Side::Sink,
                place: self.place.clone(),
                record: record(batch, row),
                fault,
            })
            .await
    }
}

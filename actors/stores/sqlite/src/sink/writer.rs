//! Batches into the staging table, each in a transaction of its own.

use super::bind::{self, Cell};
use super::parts;
use super::rejected;
use super::stage::Stage;
use super::target::Target;
use crate::database::Shared;
use crate::errors;
use crate::record;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Part, Rejects, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A writer. All of them take turns on one connection; between two batches others may write to the database.
pub(crate) struct StageWriter {
    pub(crate) connection: Shared,
    pub(crate) target: Arc<Target>,
    pub(crate) insert: String,
    /// Where parts are kept: the staging table, and the number and the rows so far of the part that is being written.
    pub(crate) parts: Option<(Stage, Option<(i64, u64)>)>,
    pub(crate) rejects: Option<Rejects>,
    pub(crate) bytes: Arc<AtomicU64>,
    /// Rows so far.
    pub(crate) rows: u64,
}

#[async_trait]
impl Writer for StageWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.part(batch.num_rows() as u64).await?;
        let (target, insert, before) = (self.target.clone(), self.insert.clone(), self.rows);
        self.rows += batch.num_rows() as u64;
        let (data, may_leave_out) = (batch.clone(), self.rejects.is_some());
        let write =
            move |connection: &mut Connection| write(connection, &target, &insert, &data, before, may_leave_out);
        let (bytes, left_out) = self.connection.with(write).await?;
        if let Some(rejects) = &self.rejects {
            for (row, why) in left_out {
                let record = record::of_row(&batch, row);
                rejects.row(rejected::rejected(&self.target.name, record, &why)).await?;
            }
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    async fn finish_part(&mut self, part: &Part) -> Result<(), Fault> {
        // Also for a part without rows: its note has to be there.
        self.part(0).await?;
        let Some((stage, open)) = &mut self.parts else {
            return Err(Fault::new(Code::Internal, "the sink keeps no parts"));
        };
        let (number, rows) = open.take().unwrap_or_default();
        if rows != part.rows {
            let text = format!("{}: {} rows were sent, and {rows} were written", part.label, part.rows);
            return Err(Fault::new(Code::VerificationFailed, text));
        }
        let (table, part) = (stage.table.clone(), part.clone());
        self.connection
            .with(move |connection| parts::finish(connection, &table, number, &part))
            .await
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        match self.parts {
            Some((_, Some(_))) => Err(Fault::new(Code::Internal, "rows were written that belong to no part")),
            // Every batch was committed when it was written.
            _ => Ok(()),
        }
    }
}

impl StageWriter {
    /// Where parts are kept: so many rows more belong to the one that is open, or to a new one.
    async fn part(&mut self, more: u64) -> Result<(), Fault> {
        let Some((stage, open)) = &mut self.parts else {
            return Ok(());
        };
        let (number, rows) = match *open {
            Some(open) => open,
            None => {
                let table = stage.table.clone();
                let number = self
                    .connection
                    .with(move |connection| parts::begin(connection, &table))
                    .await?;
                self.insert = self.target.part_insert(&stage.sql(), number);
                (number, 0)
            }
        };
        *open = Some((number, rows + more));
        Ok(())
    }
}

fn write(
    connection: &mut Connection,
    target: &Target,
    insert: &str,
    batch: &RecordBatch,
    before: u64,
    may_leave_out: bool,
) -> Result<(u64, Vec<(usize, String)>), Fault> {
    if batch.num_columns() != target.columns.len() {
        let text = format!(
            "a batch has {} columns instead of {}",
            batch.num_columns(),
            target.columns.len()
        );
        return Err(Fault::new(Code::SchemaMismatch, text));
    }
    let failed = |error| errors::fault("writing to the staging table", &error);
    let arrays = bind::unpack(batch)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let mut bytes = 0;
    let mut left_out = Vec::new();
    {
        let mut statement = transaction.prepare_cached(insert).map_err(failed)?;
        'rows: for row in 0..batch.num_rows() {
            let mut row_bytes = 0;
            for (index, (array, column)) in arrays.iter().zip(&target.columns).enumerate() {
                let cell = match bind::cell(array.as_ref(), row, column.form) {
                    Ok(cell) => cell,
                    Err(why) => {
                        let number = before + row as u64 + 1;
                        let text = format!("column {:?} holds {why} (row {number} of its writer)", column.source);
                        if may_leave_out {
                            left_out.push((row, text));
                            continue 'rows;
                        }
                        return Err(Fault::new(Code::DataInvalid, text));
                    }
                };
                row_bytes += cell.bytes();
                let at = index + 1;
                match cell {
                    Cell::Null => statement.raw_bind_parameter(at, rusqlite::types::Null),
                    Cell::Integer(value) => statement.raw_bind_parameter(at, value),
                    Cell::Real(value) => statement.raw_bind_parameter(at, value),
                    Cell::Text(value) => statement.raw_bind_parameter(at, value.as_ref()),
                    Cell::Blob(value) => statement.raw_bind_parameter(at, value),
                }
                .map_err(failed)?;
            }
            statement.raw_execute().map_err(failed)?;
            bytes += row_bytes;
        }
    }
    transaction.commit().map_err(failed)?;
    Ok((bytes, left_out))
}

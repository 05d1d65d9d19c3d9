//! One connection that loads batches into the staging table.

use super::target::TargetColumn;
use crate::errors;
use crate::names::{TableName, quote};
use crate::session::Session;
use crate::settings::Settings;
use crate::values::write::{cell, unpack};
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tiberius::error::Error;
use tiberius::{SqlBulkCopyOption, TokenRow};

/// How long the server may take nothing: longer than any checkpoint.
const STALL: Duration = Duration::from_secs(300);

/// Where rows go.
pub(super) struct Place {
    pub(super) stage: TableName,
    pub(super) columns: Vec<TargetColumn>,
    pub(super) rejects: Option<Rejects>,
    pub(super) bytes: Arc<AtomicU64>,
}

/// A writer. Each batch is a load of its own, which is there as a whole or not at all.
pub(super) struct BulkWriter {
    pub(super) session: Session,
    place: Place,
    /// In the forms that the driver takes.
    table: String,
    names: Vec<String>,
    doing: String,
}

/// Why rows could not be loaded.
enum Failed {
    /// One of them does not fit, and nobody knows which.
    Rows(Fault),
    /// It has nothing to do with them.
    Other(Fault),
}

impl BulkWriter {
    /// Opens a connection.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn open(settings: &Settings, place: Place) -> Result<Self, Fault> {
        Ok(Self {
            session: Session::open(settings).await?,
            table: place.stage.quoted(),
            names: place.columns.iter().map(|column| quote(&column.name)).collect(),
            doing: format!("writing to {}", place.stage),
            place,
        })
    }

    /// Which rows fit their columns; those that do not are left out, or end the copy.
    async fn fitting(&self, arrays: &[ArrayRef], rows: usize) -> Result<Vec<usize>, Fault> {
        let mut kept = Vec::with_capacity(rows);
        for row in 0..rows {
            match self::row(&self.place.columns, arrays, row) {
                Ok(_) => kept.push(row),
                Err(fault) => self.reject(arrays, row, fault).await?,
            }
        }
        Ok(kept)
    }

    /// Loads rows; where the server refuses one of many, halves them until it is found, if rows may be left out.
    async fn load(&mut self, arrays: &[ArrayRef], rows: &[usize]) -> Result<(), Fault> {
        let mut todo = vec![rows];
        while let Some(part) = todo.pop() {
            if part.is_empty() {
                continue;
            }
            match self.send(arrays, part).await {
                Ok(()) => {}
                Err(Failed::Rows(fault)) if self.place.rejects.is_some() => match part {
                    [only] => self.reject(arrays, *only, fault).await?,
                    many => {
                        let (first, second) = many.split_at(many.len() / 2);
                        todo.push(second);
                        todo.push(first);
                    }
                },
                Err(Failed::Rows(fault) | Failed::Other(fault)) => return Err(fault),
            }
        }
        Ok(())
    }

    /// One bulk load.
    async fn send(&mut self, arrays: &[ArrayRef], rows: &[usize]) -> Result<(), Failed> {
        let before = self.session.traffic().written.load(Ordering::Relaxed);
        let failed = |doing: &str, error: &Error| match errors::is_data(error) {
            true => Failed::Rows(errors::fault(doing, error)),
            false => Failed::Other(errors::fault(doing, error)),
        };
        let doing = self.doing.clone();
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let table = self.table.as_str();
        let columns = &self.place.columns;
        let client = self.session.client();
        let work = async {
            let failed = |error: Error| failed(&doing, &error);
            let options = SqlBulkCopyOption::TableLock.into();
            let mut request = client
                .bulk_insert_with_options(table, &names, options, &[])
                .await
                .map_err(failed)?;
            for row in rows {
                // One that does not fit ends the copy here, and the connection with it: where it may be left out, it was.
                let row = self::row(columns, arrays, *row).map_err(|fault| Failed::Other(fault.context(&doing)))?;
                request.send(row).await.map_err(failed)?;
            }
            request.finalize().await.map_err(failed)
        };
        let loaded = tokio::time::timeout(STALL, work).await.map_err(|_| {
            let text = format!("{doing}: the server took nothing for {} s", STALL.as_secs());
            Failed::Other(Fault::new(Code::StoreUnreachable, text))
        })?;
        let loaded = loaded?.total();
        if loaded != rows.len() as u64 {
            let text = format!("{doing}: {} rows were sent and the server counts {loaded}", rows.len());
            return Err(Failed::Other(Fault::new(Code::VerificationFailed, text)));
        }
        let sent = self.session.traffic().written.load(Ordering::Relaxed) - before;
        self.place.bytes.fetch_add(sent, Ordering::Relaxed);
        Ok(())
    }

    async fn reject(&self, arrays: &[ArrayRef], row: usize, fault: Fault) -> Result<(), Fault> {
        let Some(rejects) = &self.place.rejects else {
            return Err(fault.context(&self.doing));
        };
        let rejected = Rejected {
            side: Side::Sink,
            place: self.place.stage.to_string(),
            record: record(arrays, row),
            fault,
        };
        rejects.row(rejected).await
    }
}

/// A row in the driver's form.
fn row<'a>(columns: &[TargetColumn], arrays: &'a [ArrayRef], row: usize) -> Result<TokenRow<'a>, Fault> {
    let mut out = TokenRow::with_capacity(arrays.len());
    for (array, column) in arrays.iter().zip(columns) {
        let name = &column.source;
        if !column.nullable && array.is_null(row) {
            let text = format!("a value of column {name:?} is NULL, which its column in the sink does not take");
            return Err(Fault::new(Code::DataInvalid, text));
        }
        let cell = cell(array.as_ref(), row, column.form)
            .map_err(|why| Fault::new(Code::DataInvalid, format!("a value of column {name:?} {why}")))?;
        out.push(cell);
    }
    Ok(out)
}

/// A row's values as delimited text.
fn record(arrays: &[ArrayRef], row: usize) -> String {
    let options = FormatOptions::default();
    let value = |array: &ArrayRef| {
        if array.is_null(row) {
            return String::new();
        }
        // Arrow prints a zone that it knows by its offset only, and a timestamp without zone always.
        let one = array.slice(row, 1);
        let plain = match one.data_type() {
            DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
            other => other.clone(),
        };
        let printed = cast(&one, &plain).ok().and_then(|one| {
            let formatter = ArrayFormatter::try_new(one.as_ref(), &options).ok()?;
            formatter.value(0).try_to_string().ok()
        });
        format!("\"{}\"", printed.unwrap_or_default().replace('"', "\"\""))
    };
    arrays.iter().map(value).collect::<Vec<_>>().join(",")
}

#[async_trait]
impl Writer for BulkWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        if batch.num_columns() != self.place.columns.len() {
            let text = format!(
                "a batch has {} columns, and {} were prepared",
                batch.num_columns(),
                self.place.columns.len()
            );
            return Err(Fault::new(Code::Internal, text));
        }
        let arrays = unpack(&batch)?;
        let rows = match &self.place.rejects {
            Some(_) => self.fitting(&arrays, batch.num_rows()).await?,
            None => (0..batch.num_rows()).collect(),
        };
        self.load(&arrays, &rows).await
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }
}

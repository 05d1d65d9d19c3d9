//! Rows that are left out, where the activity allows it.

use super::stage::Stage;
use super::target::Target;
use super::trial::Refused;
use crate::database::Shared;
use crate::errors;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side};

/// A row that the sink does not take.
pub(super) fn rejected(table: &str, record: String, why: &str) -> Rejected {
    Rejected {
        side: Side::Sink,
        place: format!("table {table}"),
        record,
        fault: Fault::new(Code::DataInvalid, why),
    }
}

/// Takes down rows of the staging table and removes them from it.
///
/// # Errors
/// When one cannot be taken down; `SL60xx`.
pub(super) async fn leave_out(
    connection: &Shared,
    (target, stage, number): (&Target, &Stage, &'static str),
    refused: &Refused,
    rejects: &Rejects,
) -> Result<(), Fault> {
    let (list, from) = (target.list(), stage.sql());
    for chunk in refused.chunks() {
        let select = format!("SELECT {list} FROM {from} WHERE {number} = ?1");
        let read = move |connection: &mut Connection| {
            let failed = |error| errors::fault("reading rows that are left out", &error);
            let mut statement = connection.prepare_cached(&select).map_err(failed)?;
            let mut records = Vec::with_capacity(chunk.len());
            for (row, why) in chunk {
                let record = statement.query_row([row], of_values).optional();
                records.push((row, record.map_err(failed)?.unwrap_or_default(), why));
            }
            Ok(records)
        };
        let records = connection.with(read).await?;
        let rows: Vec<i64> = records.iter().map(|(row, ..)| *row).collect();
        for (_, record, why) in records {
            rejects.row(rejected(&target.name, record, &why)).await?;
        }
        let delete = format!("DELETE FROM {from} WHERE {number} = ?1");
        let remove = move |connection: &mut Connection| {
            let failed = |error| errors::fault("leaving out rows", &error);
            let transaction = connection.transaction().map_err(failed)?;
            for row in rows {
                transaction.execute(&delete, [row]).map_err(failed)?;
            }
            transaction.commit().map_err(failed)
        };
        connection.with(remove).await?;
    }
    Ok(())
}

/// A batch's row as delimited text.
pub(super) fn of_row(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default();
    let cell = |array: &arrow::array::ArrayRef| match ArrayFormatter::try_new(array.as_ref(), &options) {
        Ok(text) => quoted(&text.value(row).to_string()),
        Err(_) => String::new(),
    };
    batch.columns().iter().map(cell).collect::<Vec<_>>().join(",")
}

fn of_values(row: &rusqlite::Row<'_>) -> rusqlite::Result<String> {
    let mut cells = Vec::new();
    for column in 0..row.as_ref().column_count() {
        cells.push(match row.get_ref(column)? {
            ValueRef::Null => String::new(),
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Real(value) => value.to_string(),
            ValueRef::Text(text) => quoted(&String::from_utf8_lossy(text)),
            ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
    }
    Ok(cells.join(","))
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

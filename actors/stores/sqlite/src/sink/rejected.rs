//! Rows that are left out, where the activity allows it.

use super::stage::Stage;
use super::target::Target;
use super::trial::Refused;
use crate::database::Shared;
use crate::errors;
use crate::record;
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
                let record = statement.query_row([row], |row| record::of_values(row, 0)).optional();
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

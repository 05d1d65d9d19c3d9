//! Looking at the values of columns whose declarations say nothing exact.

use super::layout::Declared;
use crate::errors;
use crate::names::quote;
use crate::types::Carrier;
use rusqlite::Connection;
use sluice_contract::{Code, Fault};

/// SQLite's storage classes.
const CLASSES: [&str; 4] = ["integer", "real", "text", "blob"];

/// Finds the carriers that are missing, by reading the columns once.
///
/// # Errors
/// `SL6007` when a column holds values of several kinds; other `SL60xx`.
pub(crate) fn complete(
    connection: &Connection,
    of: &str,
    columns: &[Declared],
    carriers: Vec<Option<Carrier>>,
    from: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<Carrier>, Fault> {
    let open: Vec<&Declared> = columns
        .iter()
        .zip(&carriers)
        .filter(|(_, carrier)| carrier.is_none())
        .map(|(column, _)| column)
        .collect();
    let mut found = if open.is_empty() {
        Vec::new()
    } else {
        classes(connection, &open, from).map_err(|error| errors::fault(&format!("surveying {of}"), &error))?
    }
    .into_iter();
    let complete = columns.iter().zip(carriers).map(|(column, carrier)| match carrier {
        Some(carrier) => Ok(carrier),
        None => choose(&column.name, found.next().unwrap_or_default(), warnings),
    });
    complete.collect()
}

/// For each column, which storage classes it holds.
fn classes(connection: &Connection, columns: &[&Declared], from: &str) -> rusqlite::Result<Vec<[bool; 4]>> {
    let expression = |column: &&Declared| {
        let name = quote(&column.name);
        CLASSES
            .map(|class| format!("max(typeof({name}) = '{class}')"))
            .join(", ")
    };
    let list = columns.iter().map(expression).collect::<Vec<_>>().join(", ");
    connection.query_row(&format!("SELECT {list} FROM {from}"), [], |row| {
        let mut all = Vec::with_capacity(columns.len());
        for column in 0..columns.len() {
            let mut holds = [false; 4];
            for (class, holds) in holds.iter_mut().enumerate() {
                *holds = row.get::<_, Option<bool>>(column * 4 + class)?.unwrap_or(false);
            }
            all.push(holds);
        }
        Ok(all)
    })
}

fn choose(column: &str, holds: [bool; 4], warnings: &mut Vec<String>) -> Result<Carrier, Fault> {
    match holds {
        [true, false, false, false] => Ok(Carrier::Int64),
        [false, true, false, false] => Ok(Carrier::Float64),
        [true, true, false, false] => {
            warnings.push(format!(
                "column {column:?} holds integers and reals: all are carried as Float64"
            ));
            Ok(Carrier::Float64)
        }
        [false, false, _, false] => Ok(Carrier::Utf8),
        [false, false, false, true] => Ok(Carrier::Binary),
        _ => {
            let kinds = CLASSES
                .iter()
                .zip(holds)
                .filter(|(_, holds)| *holds)
                .map(|(class, _)| *class);
            let kinds = kinds.collect::<Vec<_>>().join(" and ");
            let text = format!("column {column:?} holds {kinds} values: CAST it to one type in a query");
            Err(Fault::new(Code::TypeUnsupported, text))
        }
    }
}

//! The lines of the logs, as ADF writes them.

use crate::convert::moment_text;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Timelike, Utc};
use sluice_store_core::Rejected;

/// The first line of a session log.
pub(super) const SESSION_HEAD: &str = "Timestamp,Level,OperationName,OperationItem,Message\n";

/// A line of the session log.
pub(crate) fn session(at: DateTime<Utc>, rejected: &Rejected) -> String {
    let (operation, item) = match rejected.record.is_empty() {
        true => ("FileSkip", &rejected.place),
        false => ("TabularRowSkip", &rejected.record),
    };
    let message = format!(
        "{}: {} ({})",
        rejected.fault.code, rejected.fault.message, rejected.place
    );
    format!(
        "{},Warning,{operation},{},{}\n",
        time(at),
        quoted(item),
        quoted(&message)
    )
}

/// A line of the session log about a file that was read.
pub(super) fn file_read(at: DateTime<Utc>, path: &str, bytes: u64) -> String {
    let message = format!("Read: {bytes} bytes");
    format!("{},Info,FileRead,{},{}\n", time(at), quoted(path), quoted(&message))
}

/// A line of the session log about a file that was written.
pub(super) fn file_written(at: DateTime<Utc>, path: &str, bytes: u64) -> String {
    let message = format!("Written: {bytes} bytes");
    format!("{},Info,FileWrite,{},{}\n", time(at), quoted(path), quoted(&message))
}

/// With seven digits behind the second.
fn time(at: DateTime<Utc>) -> String {
    let tenths_of_micros = at.nanosecond() % 1_000_000_000 / 100;
    format!("{}.{tenths_of_micros:07}", at.format("%Y-%m-%d %H:%M:%S"))
}

/// A line of the redirected rows: the row itself, then why it is there.
pub(crate) fn redirected(rejected: &Rejected) -> String {
    let (record, fault) = (rejected.record.trim_end_matches(['\r', '\n']), &rejected.fault);
    format!("{record},{},{}\n", fault.code, quoted(&fault.message))
}

/// For people, in a warning: never the row's values.
pub(super) fn told(rejected: &Rejected) -> String {
    format!(
        "{}: {}: {}",
        rejected.place, rejected.fault.code, rejected.fault.message
    )
}

/// A row's values as delimited text; NULL is nothing.
pub(crate) fn of_row(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default();
    let value = |column: &arrow::array::ArrayRef| {
        if column.is_null(row) {
            return String::new();
        }
        // Zones have names that the formatter does not know.
        if let Some(text) = moment_text(column, row) {
            return field(text);
        }
        match ArrayFormatter::try_new(column.as_ref(), &options) {
            Ok(formatter) => field(formatter.value(row).to_string()),
            Err(_) => String::new(),
        }
    };
    let values: Vec<String> = batch.columns().iter().map(value).collect();
    values.join(",")
}

/// In quotes only where it has to be.
fn field(text: String) -> String {
    match text.contains([',', '"', '\r', '\n']) {
        true => quoted(&text),
        false => text,
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

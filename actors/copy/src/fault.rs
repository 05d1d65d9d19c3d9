//! The copy's own faults.

use arrow::datatypes::DataType;
use sluice_contract::{Code, Fault};
use std::time::Duration;

pub(crate) fn cancelled() -> Fault {
    Fault::new(Code::Cancelled, "the copy was cancelled; nothing was committed")
}

/// The payload of a panic stays out: it may quote the data.
pub(crate) fn panicked(what: &str) -> Fault {
    Fault::new(Code::CopyPanicked, format!("{what} failed unexpectedly"))
}

pub(crate) fn stalled(stage: &str, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f64();
    Fault::new(
        Code::Stalled,
        format!("{stage}: nothing moved for {seconds} seconds, so the copy was given up"),
    )
}

pub(crate) fn mismatch(rows_read: u64, rows_staged: u64, rows_skipped: u64) -> Fault {
    let skipped = match rows_skipped {
        0 => String::new(),
        skipped => format!(" and {skipped} were left out"),
    };
    Fault::new(
        Code::VerificationFailed,
        format!("{rows_read} rows were read, but the sink holds {rows_staged}{skipped}; nothing was committed"),
    )
}

/// What was read back is not what was written: rows as written and as found, and the columns whose sums differ.
pub(crate) fn differs(columns: &[&str], (written, found): (u64, u64)) -> Fault {
    let text = match columns {
        _ if written != found => format!("{written} rows were written and {found} came back"),
        [] => "the columns hold the same values in other rows".to_owned(),
        [one] => format!("values of column {one:?} differ from those that were read"),
        many => {
            let names = many
                .iter()
                .map(|name| format!("{name:?}"))
                .collect::<Vec<_>>()
                .join(", ");
            format!("values of the columns {names} differ from those that were read")
        }
    };
    Fault::new(Code::VerificationFailed, text)
}

/// A value that was read back has no form in the type in which it was written.
pub(crate) fn unlike(column: &str, data_type: &DataType) -> Fault {
    let text = format!("column {column:?} holds a value that is no {data_type}, the type in which it was written");
    Fault::new(Code::VerificationFailed, text)
}

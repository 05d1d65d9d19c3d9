//! The copy's own faults.

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

pub(crate) fn mismatch(rows_read: u64, rows_staged: u64) -> Fault {
    Fault::new(
        Code::VerificationFailed,
        format!("{rows_read} rows were read, but the sink holds {rows_staged}; nothing was committed"),
    )
}

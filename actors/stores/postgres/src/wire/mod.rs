//! PostgreSQL's binary COPY format, from and to Arrow.

mod cells;
pub(crate) mod column;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod numeric;
pub(crate) mod output;
pub(crate) mod parse;
pub(crate) mod record;
#[cfg(test)]
mod tests;
mod value;

use sluice_contract::{Code, Fault};

/// What every stream begins with, before flags and extension.
pub(crate) const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// PostgreSQL's own limit for a field and for a row.
pub(crate) const MAX_BYTES: usize = 1 << 30;

/// Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
pub(crate) const EPOCH_DAYS: i32 = 10_957;

/// The same in microseconds.
pub(crate) const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY_MICROS;

/// A day in microseconds.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// The stream is not as it should be.
fn damaged(why: &str) -> Fault {
    Fault::new(Code::DataInvalid, format!("the server's COPY stream is damaged: {why}"))
}

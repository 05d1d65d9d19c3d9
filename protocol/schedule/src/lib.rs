//! When Azure Data Factory's triggers fire.
//!
//! [`Recurrence`] is a schedule trigger's: it says what comes after a moment. [`Tumbling`] is a tumbling window trigger's: it
//! numbers the windows, says when each is ready and on which windows of which trigger it depends. [`Arrivals`] is a blob
//! events trigger's: it says which files it is about.
//!
//! No I/O and no clock: whoever asks brings the time. Documents may be anything; what is wrong with one is told in words that
//! name the member.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arrivals;
mod days;
mod dependency;
mod fields;
mod local;
mod read;
mod recurrence;
mod span;
mod tumbling;
mod window;

pub use arrivals::Arrivals;
pub use dependency::{Dependency, On};
pub use recurrence::{Frequency, Recurrence};
pub use span::span;
pub use tumbling::{Retry, Tumbling};
pub use window::{Unit, Window, Windows};

#[cfg(test)]
mod tests;

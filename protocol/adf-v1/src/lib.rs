//! Documents of Azure Data Factory v1 (2014 to 2018), carried over to today's.
//!
//! What v1 calls a slice is a window: a pipeline with `start`, `end` and the availability of its outputs becomes a pipeline with the
//! parameters `windowStart` and `windowEnd`, and a tumbling window trigger that gives them. [`translate`] does it for all
//! documents of a data factory together, because in v1 a dataset decides when a pipeline runs and which pipelines wait for
//! which. Functions (`$$Text.Format(..)`) become expressions; [`Function`] also evaluates them.
//!
//! No I/O and no clock. Nothing is left out in silence: what has no counterpart is told with its place.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod activity;
mod availability;
mod dataset;
mod function;
mod linked_service;
mod names;
mod pipeline;
mod policy;
mod text;
mod translate;
mod trigger;

pub use availability::{Availability, Period};
pub use function::{Function, Window};
pub use pipeline::Output;
pub use translate::{Kind, Note, Old, Translated, Translation, translate};

#[cfg(test)]
mod tests;

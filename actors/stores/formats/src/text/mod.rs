//! Values as text, and back: what the formats that are text have in common.

pub(crate) mod back;
pub(crate) mod batch;
pub(crate) mod cell;
pub(crate) mod convert;
pub(crate) mod header;
pub(crate) mod number;
pub(crate) mod time;
pub(crate) mod types;

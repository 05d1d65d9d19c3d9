//! Delimited text, with ADF's options.
//!
//! NULL and the empty string stay apart in what Sluice itself writes and reads: a field that equals `nullValue` (empty, unless
//! the dataset says otherwise) is NULL only where it is not quoted, and texts that equal it are written quoted.

mod cell;
mod convert;
mod dialect;
mod headed;
mod parse;
mod records;
pub(crate) mod source;
mod time;
mod types;
pub(crate) mod write;

#[cfg(test)]
mod tests;

//! Parquet.

mod footer;
mod plan;
pub(crate) mod source;
mod types;
mod window;
pub(crate) mod write;

#[cfg(test)]
mod tests;

use crate::fault;
use parquet::errors::ParquetError;
use sluice_contract::Fault;

/// A decoder's error: the store's fault where reading failed, else a damaged file.
fn damaged(file: &str, error: &ParquetError) -> Fault {
    if let ParquetError::External(inner) = error
        && let Some(fault) = inner.downcast_ref::<Fault>()
    {
        return fault.clone();
    }
    fault::data(file, format!("not a readable Parquet file: {error}"))
}

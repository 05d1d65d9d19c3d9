//! Parquet and delimited text over any byte store.

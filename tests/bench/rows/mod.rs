//! The rows of the table: one file for each kind of work. A new one is a file, a line here, and what it needs in
//! `tests/env/requirements-bench.txt`.

mod parquet_postgres;
mod postgres_csv;
mod postgres_parquet;
mod postgres_postgres;

use crate::contest::Contest;
use crate::lineitem::Bench;

/// Makes the contest of a row.
type Row = fn(&Bench, scale: &str) -> Contest;

/// All rows, by the names that `BENCH_ONLY` takes.
pub(crate) const ROWS: &[(&str, Row)] = &[
    ("postgres_parquet", postgres_parquet::contest),
    ("postgres_postgres", postgres_postgres::contest),
    ("postgres_csv", postgres_csv::contest),
    ("parquet_postgres", parquet_postgres::contest),
];

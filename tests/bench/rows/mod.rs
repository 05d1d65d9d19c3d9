//! The rows of the table: one file for each kind of work. A new one is a file, a line here, and what it needs in
//! `tests/env/requirements-bench.txt`.

mod csv_mariadb;
mod mariadb_parquet;
mod parquet_postgres;
mod postgres_csv;
mod postgres_parquet;
mod postgres_postgres;

use crate::contest::Contest;
use crate::lineitem::Bench;
use crate::mariadb::Bench as MariaDbBench;

/// Makes the contest of a row.
type Row = fn(&Bench, scale: &str) -> Contest;

/// All rows, by the names that `BENCH_ONLY` takes.
pub(crate) const ROWS: &[(&str, Row)] = &[
    ("postgres_parquet", postgres_parquet::contest),
    ("postgres_postgres", postgres_postgres::contest),
    ("postgres_csv", postgres_csv::contest),
    ("parquet_postgres", parquet_postgres::contest),
];

/// Makes the contest of a row that needs MariaDB.
type MariaDbRow = fn(&MariaDbBench, scale: &str) -> Contest;

/// The rows that need MariaDB.
pub(crate) const MARIADB_ROWS: &[(&str, MariaDbRow)] = &[
    ("mariadb_parquet", mariadb_parquet::contest),
    ("csv_mariadb", csv_mariadb::contest),
];

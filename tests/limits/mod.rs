//! What a node may use: memory, and bytes in a second.

mod bandwidth;
mod memory;

use rusqlite::Connection;
use std::path::Path;

/// Fills a table of so many rows with texts of so many bytes.
fn fill(database: &Path, table: &str, rows: u64, bytes: u64) {
    let database = Connection::open(database).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             CREATE TABLE {table} (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
             INSERT INTO {table}
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             SELECT i, hex(randomblob({bytes} / 2)) FROM n;"
        ))
        .unwrap();
}

//! `sluice quickstart --exit`: one command from nothing to a verified Parquet file.

use rusqlite::Connection;
use sluice_tests::{binary, python};

#[test]
fn quickstart_leaves_a_file_that_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("quickstart");
    let mut command = binary::sluice();
    command
        .args(["quickstart", "--exit", "-o", "json"])
        .args(["--listen", "127.0.0.1:0", "--amqp-listen", "127.0.0.1:0", "--state"])
        .arg(&state);
    let outcome = binary::finish(command, None).expect(0);
    let facts = outcome.json();

    // The source, asked directly.
    let source = Connection::open(facts["database"].as_str().unwrap()).unwrap();
    let (rows, sum, notes): (i64, i64, i64) = source
        .query_row(
            "SELECT count(*), sum(total_cents), count(note) FROM orders",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(rows, 1_000_000);

    // The copy, read by a reader that is not Sluice's.
    let copy = python::json(
        "e2e/parquet_facts.py",
        &[facts["parquet"].as_str().unwrap(), "total_cents"],
    );
    assert_eq!(copy["rows"], rows);
    assert_eq!(copy["sum"], sum);
    assert_eq!(copy["nulls"]["note"], rows - notes);
    assert_eq!(facts["rows"], rows);
    assert_eq!(facts["sum_total_cents"], sum);

    // It said what it did, and where the file lies.
    for word in ["Factory", "Gateway", "Verified", facts["parquet"].as_str().unwrap()] {
        assert!(outcome.stderr.contains(word), "{word} is not in {}", outcome.stderr);
    }
    // Nothing but the file lies beside it.
    let folder = std::path::Path::new(facts["parquet"].as_str().unwrap())
        .parent()
        .unwrap();
    let names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

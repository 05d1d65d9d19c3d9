//! A disk that fills up in the middle of a copy.

use rusqlite::Connection;
use sluice_tests::binary;
use sluice_tests::disk::SmallDisk;
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rows that do not compress: some eight megabytes of them.
fn database(dir: &Path) -> PathBuf {
    let path = dir.join("big.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE big (id INTEGER PRIMARY KEY, noise TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
             INSERT INTO big SELECT i, hex(randomblob(1000)) FROM n;",
        )
        .unwrap();
    path
}

#[test]
fn a_copy_to_a_full_disk_fails_with_a_code_and_leaves_nothing() {
    let (disk, dir) = (SmallDisk::new(), tempfile::tempdir().unwrap());
    let source = format!("sqlite:{}?table=big", database(dir.path()).display());
    for file in ["out.parquet", "out.csv"] {
        let sink = format!("file:{}", disk.path().join(file).display());
        let outcome = binary::run(&["copy", &source, &sink]).expect_fault("SL6008");
        assert_eq!(outcome.code, 5, "{}", outcome.stderr);
        assert_eq!(disk.files(), Vec::<PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_survives_a_full_disk() {
    let (disk, dir) = (SmallDisk::new(), tempfile::tempdir().unwrap());
    let database = database(dir.path());
    let mut factory = Factory::start();
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let source = sqlite_source(&database, "big");
    make_copy(
        &rest,
        "onprem",
        "Full",
        &source,
        &file_parquet_sink(disk.path(), "out.parquet"),
    )
    .await;
    let run = rest.start("Full").await;
    let activity = rest.end_of(&run, Duration::from_secs(120)).await;
    assert_eq!(activity["status"], "Failed", "{activity:#}");
    assert_eq!(activity["error"]["errorCode"], "SL6008", "{activity:#}");
    assert_eq!(disk.files(), Vec::<PathBuf>::new());

    make_copy(
        &rest,
        "onprem",
        "Roomy",
        &source,
        &file_parquet_sink(dir.path(), "out.parquet"),
    )
    .await;
    rest.succeed("Roomy", Duration::from_secs(120)).await;
    factory.assert_running();
    gateway.assert_running();
}

//! `sluice copy` between every pair of places, and how it fails.

use rusqlite::Connection;
use sluice_tests::azurite::{Azurite, KEY};
use sluice_tests::binary::{finish, run, sluice};
use sluice_tests::net::free_port;
use sluice_tests::postgres::{PASSWORD, Postgres};
use sluice_tests::process::Process;
use sluice_tests::python;
use sluice_tests::s3::{self, S3Server};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_round_through_every_place() {
    let (postgres, azurite, dir) = (Postgres::start(), Azurite::https(), tempfile::tempdir().unwrap());
    azurite.client().create_container("lake").await;
    let s3 = S3Server::start();
    s3.bucket("raw");
    postgres
        .sql(
            "CREATE TABLE orders (id bigint PRIMARY KEY, name text, paid boolean, amount numeric(12,2));
             INSERT INTO orders SELECT g, CASE WHEN g % 5 = 0 THEN NULL ELSE 'näme ' || g END, g % 2 = 0, g / 3.0
             FROM generate_series(1, 10000) g",
        )
        .await;
    let copy = |source: &str, sink: &str| {
        let mut command = sluice();
        command
            .args(["copy", source, sink, "--create", "-o", "json"])
            .env("SLUICE_SRC_PASSWORD", PASSWORD)
            .env("SLUICE_DST_PASSWORD", PASSWORD)
            .env("AWS_ACCESS_KEY_ID", s3::ID)
            .env("AWS_SECRET_ACCESS_KEY", s3::SECRET)
            .env("AWS_ENDPOINT_URL", s3.endpoint())
            .env("AZURE_STORAGE_CONNECTION_STRING", azurite.connection_string())
            .env("SLUICE_AZURE_CA_FILE", &azurite.tls.as_ref().unwrap().ca_file);
        let outcome = finish(command, None).expect(0);
        for canary in [PASSWORD, KEY, s3::SECRET] {
            assert!(!outcome.stdout.contains(canary) && !outcome.stderr.contains(canary));
        }
        assert_eq!(outcome.json()["rows_copied"], 10_000, "{source} -> {sink}");
    };
    let file = |name: &str| format!("file:{}", dir.path().join(name).display());
    copy(&postgres.url("orders"), &file("a.parquet"));
    copy(&file("a.parquet"), "azblob://lake/x/b.parquet");
    copy("azblob://lake/x/b.parquet", &postgres.url("again"));
    let difference = "SELECT count(*) FROM (TABLE orders EXCEPT ALL TABLE again) d";
    assert_eq!(postgres.one(difference).await, "0");
    copy(&postgres.url("orders"), "s3://raw/y/c.avro");
    copy("s3://raw/y/c.avro", &postgres.url("once_more"));
    assert_eq!(postgres.one(&difference.replace("again", "once_more")).await, "0");
    for name in ["c.jsonl", "c.json"] {
        copy("s3://raw/y/c.avro", &file(name));
        copy(&file(name), "s3://raw/z/d.csv");
    }
    copy(&postgres.url("orders"), &file("c.csv"));
    copy(
        &postgres.url("orders"),
        &format!("sqlite:{}?table=orders", dir.path().join("d.db").display()),
    );

    let facts = python::json(
        "e2e/parquet_facts.py",
        &[dir.path().join("a.parquet").to_str().unwrap(), "id"],
    );
    assert_eq!(facts["rows"], 10_000);
    assert_eq!(facts["nulls"]["name"], 2000);
    let csv = std::fs::read_to_string(dir.path().join("c.csv")).unwrap();
    assert_eq!(csv.lines().count(), 10_001);
    assert!(csv.starts_with("id,name,paid,amount"), "{}", &csv[..60]);
    let count: i64 = Connection::open(dir.path().join("d.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM orders WHERE name IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2000);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_their_exit_code() {
    let (postgres, dir) = (Postgres::start(), tempfile::tempdir().unwrap());
    postgres.sql("CREATE TABLE t (id bigint)").await;
    let sink = format!("file:{}", dir.path().join("out.parquet").display());
    let with_password = |source: &str, password: &str| {
        let mut command = sluice();
        command
            .args(["copy", source, &sink])
            .env("SLUICE_SRC_PASSWORD", password);
        let outcome = finish(command, None);
        assert!(
            !outcome.stderr.contains(password),
            "the password is in {}",
            outcome.stderr
        );
        outcome
    };
    let code = |outcome: sluice_tests::binary::Outcome, text: &str| outcome.expect_fault(text).code;
    assert_eq!(code(with_password(&postgres.url("nope"), PASSWORD), "SL6004"), 3);
    assert_eq!(code(with_password(&postgres.url("t"), "canary-wrong"), "SL6002"), 4);
    let nobody = format!("postgres://u@127.0.0.1:{}/d?table=t", free_port());
    assert_eq!(code(with_password(&nobody, "canary-wrong"), "SL6001"), 5);
    assert_eq!(code(run(&["copy", "file:/nowhere/in.parquet", &sink]), "SL6005"), 3);
    let broken = dir.path().join("broken.parquet");
    std::fs::write(&broken, b"PAR1 this is not one PAR1").unwrap();
    assert_eq!(
        code(run(&["copy", &format!("file:{}", broken.display()), &sink]), "SL6011"),
        1
    );

    // A password in an address would be seen by everybody on the machine.
    let outcome = run(&["copy", &postgres.url_with_password("t"), &sink]).expect_fault("SL1001");
    assert_eq!(outcome.code, 2);
    assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
    assert!(!dir.path().join("out.parquet").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_copy_ends_with_130_and_leaves_nothing() {
    let (postgres, dir) = (Postgres::start(), tempfile::tempdir().unwrap());
    let lake = dir.path().join("lake");
    std::fs::create_dir(&lake).unwrap();
    let query =
        "SELECT g AS id, CASE WHEN pg_sleep(0.01) IS NULL THEN 1 ELSE 2 END AS n FROM generate_series(1,6000) g";
    let source = format!(
        "{}&query={}",
        postgres.url("x").replace("table=x", ""),
        query.replace(' ', "%20")
    );
    let mut command = sluice();
    command
        .args([
            "copy",
            &source.replace("?&", "?"),
            &format!("file:{}", lake.join("out.parquet").display()),
        ])
        .env("SLUICE_SRC_PASSWORD", PASSWORD);
    let mut process = Process::start("copy", dir.path(), command);
    let copying = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ILIKE '%pg_sleep(0.01)%' \
                   AND pid <> pg_backend_pid()";
    sluice_tests::poll::until("the copy to read", Duration::from_secs(60), || async {
        (postgres.one(copying).await != "0").then_some(())
    })
    .await;
    process.assert_running();
    process.signal("INT");
    let status = process.wait(Duration::from_secs(30));
    assert_eq!(status.code(), Some(130), "{}", process.log());
    let left: Vec<_> = std::fs::read_dir(&lake)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

//! What is left of a password in the memory of the agent.

use serde_json::json;
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// Long: what is freed loses its first 16 bytes to the allocator at once.
const CANARY: &str = "canary-of-the-memory:2b7f91c4e05d83a6:9d3e5a7c1f";
const NEXT: &str = "another-password-51f0";
const PATIENCE: Duration = Duration::from_secs(60);

/// How many copies of a text stand in the memory that a process may write. Only root may look.
fn copies(pid: u32, wanted: &[u8]) -> Vec<(String, u64, Vec<u8>)> {
    let maps = read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = Vec::new();
    let mut seen = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let address = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let (from, to) = (address(from), address(to));
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // A mapping that went away meanwhile holds nothing.
        let Ok(length) = memory.read_at(&mut bytes, from) else {
            continue;
        };
        seen += length;
        let bytes = &bytes[..length];
        for (at, part) in bytes.windows(wanted.len()).enumerate() {
            if part == wanted {
                let around = &bytes[at.saturating_sub(64)..(at + wanted.len() + 64).min(length)];
                found.push((line.to_owned(), from + at as u64, around.to_vec()));
            }
        }
    }
    assert!(seen > 1 << 20, "too little of the memory was seen: {seen} bytes");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_used_is_not_kept() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql(&format!(
            "CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1); \
             CREATE ROLE one LOGIN SUPERUSER PASSWORD '{CANARY}'"
        ))
        .await;
    let rest = factory.rest();
    let node = Gateway::start(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let with = |password: &str| {
        postgres_source(&server, "public", "t")
            .property("username", json!("one"))
            .property("password", json!({ "type": "SecureString", "value": password }))
    };
    let sink = file_parquet_sink(folder.path(), "t.parquet");
    make_copy(&rest, "gw", "copy", &with(CANARY), &sink).await;
    rest.succeed("copy", PATIENCE).await;
    // What is held for the next copy is found.
    assert_eq!(copies(node.pid(), CANARY.as_bytes()).len(), 1);
    server.sql(&format!("ALTER ROLE one PASSWORD '{NEXT}'")).await;
    make_copy(&rest, "gw", "copy", &with(NEXT), &sink).await;
    rest.succeed("copy", PATIENCE).await;
    let left = copies(node.pid(), CANARY.as_bytes());
    assert!(left.is_empty(), "{left:?}");
}

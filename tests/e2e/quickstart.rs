//! `sluice quickstart --exit`: one command from nothing to a verified Parquet file.

use rusqlite::Connection;
use sluice_tests::net::free_port;
use sluice_tests::process::Process;
use sluice_tests::rest::Rest;
use sluice_tests::{binary, python};
use std::time::Duration;

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

/// Without `--exit` it stays up for the user to look around, ends well with Ctrl-C, and a second time goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn quickstart_stays_up_until_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("quickstart");
    let address = || format!("127.0.0.1:{}", free_port());
    let same = (address(), address());
    // The third time the ports are others, as when somebody else has taken the usual ones meanwhile.
    let rounds = [same.clone(), same, (address(), address())];
    for (round, (listen, amqp_listen)) in (1..).zip(&rounds) {
        let mut command = binary::sluice();
        command
            .args(["quickstart", "--rows", "5000", "-o", "json"])
            .args(["--listen", listen, "--amqp-listen", amqp_listen, "--state"])
            .arg(&state);
        let mut process = Process::start(&format!("quickstart{round}"), dir.path(), command);
        process.wait_until("up", Duration::from_secs(60), || {
            process_log(dir.path(), round).contains("Ctrl-C").then_some(())
        });
        let log = process.log();
        let json = &log[log.find("{\n").unwrap()..=log.rfind("\n}").unwrap() + 1];
        let facts: serde_json::Value = serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {log}"));
        assert_eq!(facts["rows"], 5000, "{facts}");

        let read = |name: &str| std::fs::read_to_string(facts[name].as_str().unwrap()).unwrap();
        let rest = Rest::new(
            facts["factory"].as_str().unwrap(),
            &read("ca_file"),
            read("token_file").trim(),
            "quickstart",
        );
        let service = rest
            .raw(
                "GET",
                &rest.path_in("default", "default", "linkedservices/OrdersDb"),
                None,
            )
            .await
            .ok();
        assert_eq!(service["properties"]["type"], "Sqlite", "{service:#}");

        process.signal("INT");
        let status = process.wait(Duration::from_secs(30));
        assert_eq!(status.code(), Some(0), "{}", process.log());
    }
}

fn process_log(dir: &std::path::Path, round: u32) -> String {
    std::fs::read_to_string(dir.join(format!("quickstart{round}.log"))).unwrap_or_default()
}

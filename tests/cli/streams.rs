//! Standard output carries data, standard error the rest, and colour only where it is wanted.

use rusqlite::Connection;
use sluice_tests::binary::{Outcome, finish, run, sluice};
use std::path::Path;

const ESCAPE: char = '\u{1b}';

fn database(dir: &Path) -> String {
    let path = dir.join("shop.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL);")
        .unwrap();
    format!("sqlite:{}?table=t", path.display())
}

#[test]
fn data_on_stdout_and_the_rest_on_stderr() {
    let dir = tempfile::tempdir().unwrap();
    let source = database(dir.path());
    let sink = format!("file:{}", dir.path().join("t.csv").display());
    let outcome = run(&["copy", &source, &sink, "-o", "json"]).expect(0);
    let value = outcome.json();
    assert_eq!(value["rows_read"], 2, "{value}");
    assert_eq!(value["rows_copied"], 2, "{value}");
    let people = run(&["copy", &source, &sink]).expect(0);
    assert_eq!(people.stdout.lines().count(), 1, "{}", people.stdout);
    assert!(people.stdout.contains("2 rows"), "{}", people.stdout);

    // A failure prints nothing on standard output, and its JSON form is one document.
    let source = source.replace("table=t", "table=missing");
    let failed = run(&["copy", &source, &sink, "-o", "json"]).expect(3);
    assert!(failed.stdout.is_empty(), "{}", failed.stdout);
    let error: serde_json::Value =
        serde_json::from_str(failed.stderr.trim()).unwrap_or_else(|e| panic!("{e}: {}", failed.stderr));
    assert_eq!(error["error"]["code"], "SL6004");
    assert!(error["error"]["next_step"].as_str().unwrap().len() > 10);
    assert_eq!(error["error"]["retryable"], false);
}

fn failing(set: &[(&str, &str)]) -> Outcome {
    let mut command = sluice();
    command
        .env_remove("NO_COLOR")
        .args(["copy", "sqlite:/nowhere/x.db?table=t", "file:/nowhere/out.csv"]);
    for (name, value) in set {
        command.env(name, value);
    }
    finish(command, None)
}

#[test]
fn colour_only_where_it_is_wanted() {
    let plain = failing(&[]);
    assert_ne!(plain.code, 0);
    assert!(!plain.stderr.contains(ESCAPE), "colour into a pipe: {}", plain.stderr);
    let forced = failing(&[("CLICOLOR_FORCE", "1")]);
    assert!(
        forced.stderr.contains(ESCAPE),
        "no colour when forced: {}",
        forced.stderr
    );
    let refused = failing(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(
        !refused.stderr.contains(ESCAPE),
        "colour in spite of NO_COLOR: {}",
        refused.stderr
    );
}

#[test]
fn a_closed_pipe_is_no_crash() {
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(format!(
        "{} explain | head -n 1",
        sluice_tests::binary::path().display()
    ));
    let outcome = finish(command, None).expect(0);
    assert_eq!(outcome.stdout.lines().count(), 1);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

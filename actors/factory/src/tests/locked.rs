//! One factory per state directory, from the first statement to the last.

use super::fixture::{PATIENCE, run};
use crate::StateOptions;
use crate::state::{State, StateLock};
use sluice_contract::Code;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// SQLite works on threads of its own: what was handed to one runs, whether or not somebody still waits for it.
#[test]
fn an_opening_that_was_given_up_keeps_the_lock_until_it_has_ended() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("factory.db");
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut other = AnyConnection::connect_with(&AnyConnectOptions::from_str(&url).unwrap())
            .await
            .unwrap();
        other.execute("PRAGMA journal_mode = WAL").await.unwrap();
        // Whoever opens the database has to wait to bring it up to date.
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let lock = StateLock::take(dir.path()).unwrap();
        let opening = State::open(dir.path(), &StateOptions::Directory, Some(lock));
        let given_up = tokio::time::timeout(Duration::from_millis(500), opening).await;
        assert!(given_up.is_err(), "it did not have to wait");
        let fault = StateLock::take(dir.path()).unwrap_err();
        assert_eq!(fault.code, Code::StateInUse, "{fault}");
        other.execute("COMMIT").await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        let lock = loop {
            match StateLock::take(dir.path()) {
                Ok(lock) => break lock,
                Err(fault) => assert!(Instant::now() < deadline, "{fault}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        // Nothing is under way any more: the whole database is there, and nobody has it open.
        other.close().await.unwrap();
        assert!(!dir.path().join("factory.db-wal").exists());
        let state = State::open(dir.path(), &StateOptions::Directory, Some(lock))
            .await
            .unwrap();
        state.close().await;
        StateLock::take(dir.path()).unwrap();
    });
}

//! Where the state of a test's factory is.

use crate::{PostgresOptions, StateOptions};
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::sync::Arc;

tokio::task_local! {
    /// The server of the test that runs, where its factories are not on SQLite.
    pub(super) static SERVER: Arc<Postgres>;
}

/// A database for a factory. The server ends with the last that uses it.
#[derive(Clone)]
pub(super) enum Store {
    Sqlite,
    Postgres(Arc<Postgres>, String),
}

impl Store {
    /// A fresh one, of the kind that the running test works with.
    pub(super) async fn fresh() -> Self {
        let Ok(server) = SERVER.try_with(Arc::clone) else {
            return Store::Sqlite;
        };
        let name = format!("f{}", uuid::Uuid::now_v7().simple());
        server.sql(&format!("CREATE DATABASE {name}")).await;
        Store::Postgres(server, name)
    }

    pub(super) fn options(&self) -> StateOptions {
        match self {
            Store::Sqlite => StateOptions::Directory,
            Store::Postgres(server, name) => StateOptions::Postgres(PostgresOptions {
                address: format!("postgres://{USER}@127.0.0.1:{}/{name}", server.port)
                    .parse()
                    .unwrap(),
                password: Some(PASSWORD.to_owned().into()),
            }),
        }
    }
}

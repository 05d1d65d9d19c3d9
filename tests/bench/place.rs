//! Factories for figures: with the state in SQLite, and in PostgreSQL.

use sluice_tests::factory::Factory;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use tempfile::NamedTempFile;

/// A factory, and where its state is.
pub(crate) struct Place {
    // Before its database: fields are dropped in this order.
    pub(crate) factory: Factory,
    pub(crate) server: Option<Postgres>,
    pub(crate) name: &'static str,
    _password: Option<NamedTempFile>,
}

/// The names of the places that `BENCH_STATE` chooses; both when it says nothing.
pub(crate) fn chosen(setting: &str) -> Vec<&'static str> {
    let words: Vec<&str> = setting
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    ["sqlite", "postgres"]
        .into_iter()
        .filter(|name| words.is_empty() || words.contains(name))
        .collect()
}

impl Place {
    /// A fresh one. A PostgreSQL that writes as it would for somebody: tests let it forget the disk.
    pub(crate) fn start(name: &'static str) -> Self {
        if name == "sqlite" {
            return Self {
                factory: Factory::start(),
                server: None,
                name,
                _password: None,
            };
        }
        let server = Postgres::start_with(&["fsync=on", "shared_buffers=256MB"]);
        let password = NamedTempFile::new().unwrap();
        std::fs::write(password.path(), PASSWORD).unwrap();
        let url = format!("postgres://{USER}@127.0.0.1:{}/postgres", server.port);
        let file = password.path().display().to_string();
        Self {
            factory: Factory::start_with(&["--state-url", &url, "--state-password-file", &file], &[]),
            server: Some(server),
            name,
            _password: Some(password),
        }
    }
}

//! The factory's state in SQLite. The SQL text is the one PostgreSQL takes too.
//!
//! Everything that changes more than one row goes through one [`WriteTx`]. One module per family of tables; their
//! functions take a connection, so that the caller decides what belongs into a transaction.

pub(crate) mod activities;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod documents;
pub(crate) mod factories;
pub(crate) mod filter;
pub(crate) mod gateways;
pub(crate) mod job_outputs;
pub(crate) mod jobs;
pub(crate) mod meta;
pub(crate) mod nodes;
pub(crate) mod outbox;
pub(crate) mod outcomes;
pub(crate) mod requests;
pub(crate) mod runs;
pub(crate) mod scopes;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod variables;

use sluice_contract::{Code, Fault};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr, Sqlite, Transaction};
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A connection; SQLite's for now.
pub(crate) type Conn = sqlx::SqliteConnection;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "init", include_str!("../../migrations/0001_init.sql")),
    (2, "attempts", include_str!("../../migrations/0002_attempts.sql")),
    (10, "run facts", include_str!("../../migrations/0010_run_facts.sql")),
    (11, "scopes", include_str!("../../migrations/0011_scopes.sql")),
    (15, "job_outputs", include_str!("../../migrations/0015_job_outputs.sql")),
    (30, "access", include_str!("../../migrations/0030_access.sql")),
    (31, "run_queries", include_str!("../../migrations/0031_run_queries.sql")),
    (50, "vault", include_str!("../../migrations/0050_vault.sql")),
];
const BUSY: Duration = Duration::from_secs(10);

/// The database.
#[derive(Clone)]
pub(crate) struct State {
    pool: SqlitePool,
    /// SQLite has one writer. Waiting here is fair; waiting in SQLite is polling.
    writer: Arc<Mutex<()>>,
}

impl State {
    /// Opens `factory.db` in a directory, and brings it up to date.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn open(dir: &Path) -> Result<Self, Fault> {
        let file = dir.join("factory.db");
        // SQLite would make it with the umask's mode.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&file)
            .map_err(|e| Fault::new(Code::StateFailed, format!("{}: {e}", file.display())))?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(BUSY)
            .connect_with(options)
            .await
            .db()?;
        let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
            Migration::new(
                *version,
                Cow::Borrowed(name),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        Migrator::with_migrations(migrations.collect())
            .run(&pool)
            .await
            .map_err(|e| {
                Fault::new(
                    Code::StateFailed,
                    format!("the database cannot be brought up to date: {e}"),
                )
            })?;
        Ok(Self {
            pool,
            writer: Arc::new(Mutex::new(())),
        })
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        self.pool.acquire().await.db()
    }

    /// A transaction to write in. Dropped without [`WriteTx::commit`], nothing happened.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn write(&self) -> Result<WriteTx, Fault> {
        let turn = Arc::clone(&self.writer).lock_owned().await;
        // From the start a writer: a reader that becomes one can fail at any statement.
        let tx = self.pool.begin_with("BEGIN IMMEDIATE").await.db()?;
        Ok(WriteTx { tx, _turn: turn })
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// A write transaction, and this writer's turn.
pub(crate) struct WriteTx {
    tx: Transaction<'static, Sqlite>,
    _turn: OwnedMutexGuard<()>,
}

impl WriteTx {
    /// Makes all of it durable, and with it the audit log's entry of the request that it is part of, if it is of one.
    ///
    /// # Errors
    /// `SL9001`; nothing happened then.
    pub(crate) async fn commit(mut self) -> Result<(), Fault> {
        audit::carry(&mut self.tx).await?;
        self.tx.commit().await.db()
    }
}

impl Deref for WriteTx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.tx
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.tx
    }
}

/// Turns the database's errors into the user's.
pub(crate) trait Db<T> {
    /// # Errors
    /// `SL9001`.
    fn db(self) -> Result<T, Fault>;
}

impl<T> Db<T> for Result<T, sqlx::Error> {
    fn db(self) -> Result<T, Fault> {
        self.map_err(|error| {
            // Bound values are not part of sqlx's messages.
            tracing::error!(%error, "The database failed");
            Fault::new(Code::StateFailed, format!("the database failed: {error}"))
        })
    }
}

/// Stored JSON that must parse, because this factory wrote it.
pub(crate) fn stored<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::new(Code::StateFailed, format!("{what} in the database: {e}")))
}

/// JSON text of a value made of plain data.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|e| Fault::new(Code::Internal, format!("JSON: {e}")))
}

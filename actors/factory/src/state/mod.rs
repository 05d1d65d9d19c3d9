//! The factory's state, in SQLite or in PostgreSQL: one SQL text for both, through sqlx's driver for any database.
//!
//! What both take: `$1` placeholders (no `?`, so no `QueryBuilder`), TEXT and BIGINT columns and no others in a result (a
//! `SUM` of BIGINT is a NUMERIC in PostgreSQL: cast it), `ON CONFLICT`, `RETURNING`. Text is compared and sorted byte by
//! byte by both.
//!
//! Everything that changes more than one row goes through one [`WriteTx`]. One module per family of tables; their
//! functions take a connection, so that the caller decides what belongs into a transaction.

pub(crate) mod activities;
mod address;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod documents;
pub(crate) mod factories;
pub(crate) mod filter;
pub(crate) mod gateways;
pub(crate) mod grants;
pub(crate) mod handovers;
pub(crate) mod instances;
pub(crate) mod job_outputs;
pub(crate) mod jobs;
mod lock;
pub(crate) mod meta;
pub(crate) mod nodes;
pub(crate) mod notices;
mod open;
pub(crate) mod outbox;
pub(crate) mod outcomes;
pub(crate) mod replicas;
pub(crate) mod requests;
pub(crate) mod runs;
pub(crate) mod scopes;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod trigger_runs;
pub(crate) mod triggers;
pub(crate) mod users;
pub(crate) mod v1_documents;
pub(crate) mod variables;
pub(crate) mod watches;
pub(crate) mod web_calls;
mod writer;

pub use address::{PostgresAddress, PostgresOptions};
pub(crate) use lock::StateLock;
pub(crate) use writer::WriteTx;

use open::Pools;
use sluice_contract::{Code, Fault};
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use std::path::Path;
use std::sync::Arc;
use writer::Writer;

/// The driver: SQLite's or PostgreSQL's.
pub(crate) type Database = sqlx::Any;
/// A connection.
pub(crate) type Conn = sqlx::AnyConnection;
/// A row.
pub(crate) type DbRow = sqlx::any::AnyRow;

/// Where the state is kept.
#[derive(Clone, Debug, Default)]
pub enum StateOptions {
    /// In `factory.db` in the state directory.
    #[default]
    Directory,
    /// In a PostgreSQL database, which several replicas of a factory may share.
    Postgres(PostgresOptions),
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "init", include_str!("../../migrations/0001_init.sql")),
    (2, "attempts", include_str!("../../migrations/0002_attempts.sql")),
    (10, "run facts", include_str!("../../migrations/0010_run_facts.sql")),
    (11, "scopes", include_str!("../../migrations/0011_scopes.sql")),
    (15, "job_outputs", include_str!("../../migrations/0015_job_outputs.sql")),
    (30, "access", include_str!("../../migrations/0030_access.sql")),
    (31, "run_queries", include_str!("../../migrations/0031_run_queries.sql")),
    (
        40,
        "documents of v1",
        include_str!("../../migrations/0040_v1_documents.sql"),
    ),
    (50, "vault", include_str!("../../migrations/0050_vault.sql")),
    (55, "triggers", include_str!("../../migrations/0055_triggers.sql")),
    (60, "handover", include_str!("../../migrations/0060_handover.sql")),
    (61, "renewal", include_str!("../../migrations/0061_renewal.sql")),
    (70, "replicas", include_str!("../../migrations/0070_replicas.sql")),
    (71, "web calls", include_str!("../../migrations/0071_web_calls.sql")),
    (72, "runs by end", include_str!("../../migrations/0072_runs_by_end.sql")),
    (85, "watches", include_str!("../../migrations/0085_watches.sql")),
    (
        90,
        "addresses of the outbox",
        include_str!("../../migrations/0090_outbox_addresses.sql"),
    ),
    (100, "instances", include_str!("../../migrations/0100_instances.sql")),
];
/// The lock of PostgreSQL that a writer holds until its transaction ends; a number that nothing else in the database uses.
const WRITER: i64 = 0x736c_7569_6365_0001;

/// The database.
#[derive(Clone)]
pub(crate) struct State {
    pools: Pools,
    /// How what other processes say is listened to, where there are others.
    notices: Option<Arc<PgConnectOptions>>,
    writer: Writer,
}

impl State {
    /// Opens the state of a directory, and brings it up to date. The lock of the directory, where the caller has it, is kept
    /// until nothing is done to the database any more, also when nobody waits for the end of this.
    ///
    /// # Errors
    /// `SL9010` when the server cannot be reached, `SL9011` when a newer version wrote the state, `SL9001` otherwise.
    pub(crate) async fn open(dir: &Path, options: &StateOptions, lock: Option<StateLock>) -> Result<Self, Fault> {
        let (pools, lock) = open::open(dir, options, lock).await?;
        Ok(Self {
            pools,
            notices: notices::options(options)?.map(Arc::new),
            writer: Writer::new(lock),
        })
    }

    /// Whether several factories may share the database.
    pub(crate) fn is_shared(&self) -> bool {
        self.pools.kind == Kind::Postgres
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Database>, Fault> {
        self.pools.readers.acquire().await.db()
    }

    /// A transaction to write in: the only one, of all replicas. Dropped without [`WriteTx::commit`], nothing happened.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn write(&self) -> Result<WriteTx, Fault> {
        self.writer.begin(|| self.transaction()).await
    }

    async fn transaction(&self) -> Result<Transaction<'static, Database>, Fault> {
        match self.pools.kind {
            // From the start a writer: a reader that becomes one can fail at any statement.
            Kind::Sqlite => self.pools.writer.begin_with("BEGIN IMMEDIATE").await.db(),
            // What SQLite does: one writer, whose statements see all that was written before, and readers that wait
            // for nobody. So what holds on the one holds on the other, with one replica or with many.
            Kind::Postgres => {
                let mut tx = self.pools.writer.begin().await.db()?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(WRITER)
                    .execute(&mut *tx)
                    .await
                    .db()?;
                Ok(tx)
            }
        }
    }

    /// Closes all connections once the write that is under way has ended, and gives the directory's lock back.
    pub(crate) async fn close(&self) {
        self.writer.close(self.pools.close()).await;
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

/// `($1, $2), ($3, $4)`: so many rows of so many columns. (sqlx's own builder knows no placeholders that both databases
/// take.)
fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", numbers.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    rows.join(", ")
}

/// Stored JSON that must parse, because this factory wrote it.
pub(crate) fn stored<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::new(Code::StateFailed, format!("{what} in the database: {e}")))
}

/// JSON text of a value made of plain data.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|e| Fault::new(Code::Internal, format!("JSON: {e}")))
}

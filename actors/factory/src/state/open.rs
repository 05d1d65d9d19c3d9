//! Opening the database, whichever of the two it is, and bringing it up to date.

use super::{Database, Db, Kind, MIGRATIONS, StateLock, StateOptions};
use sluice_contract::{Code, Fault};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Pool, SqlSafeStr};
use std::borrow::Cow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::oneshot;
use url::Url;

/// How long to wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// For so long a connection is taken to be alive that nobody has used.
const FRESH: Duration = Duration::from_secs(1);

/// Of every connection to SQLite.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                            PRAGMA foreign_keys = ON";
/// Of every connection to PostgreSQL. A writer whose machine is gone must not keep the others waiting: its transaction
/// ends when the server notices, within half a minute.
const POSTGRES_SETUP: &str = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'; \
                              SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                              SET tcp_keepalives_count = 3; SET tcp_user_timeout = '25s'; \
                              SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'";

/// The connections to a database. Whoever writes has one that nobody else uses: SQLite forgets the pages that a connection
/// has read when another one has written, and both databases know the statements of a connection by what was prepared on it.
#[derive(Clone)]
pub(super) struct Pools {
    pub(super) readers: Pool<Database>,
    pub(super) writer: Pool<Database>,
    pub(super) kind: Kind,
}

impl Pools {
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The database, and the lock of its directory.
type Opened = (Pools, Option<StateLock>);

/// Opens the database of a state directory, or the one that the options name, and brings it up to date.
///
/// # Errors
/// `SL9010` when the server cannot be reached, `SL9011` when a newer version wrote the state, `SL9001` otherwise.
pub(super) async fn open(dir: &Path, options: &StateOptions, lock: Option<StateLock>) -> Result<Opened, Fault> {
    let (dir, options) = (dir.to_owned(), options.clone());
    let (done, opened) = oneshot::channel();
    // On a task of its own, which ends with the opening: SQLite's threads go on with a statement that nobody waits for any
    // more, and must not change the database when another factory has the directory's lock.
    tokio::spawn(async move {
        let result = now(&dir, &options).await;
        if let Err(Ok((pools, lock))) = done.send(result.map(|pools| (pools, lock))) {
            pools.close().await;
            drop(lock);
        }
    });
    let lost = |_| Fault::new(Code::Internal, "the database was not opened: its task ended early");
    opened.await.map_err(lost)?
}

async fn now(dir: &Path, options: &StateOptions) -> Result<Pools, Fault> {
    sqlx::any::install_default_drivers();
    let pools = connected(dir, options).await?;
    if let Err(fault) = migrate(&pools.writer, pools.kind).await {
        pools.close().await;
        return Err(fault);
    }
    Ok(pools)
}

async fn connected(dir: &Path, options: &StateOptions) -> Result<Pools, Fault> {
    match options {
        StateOptions::Directory => {
            let file = dir.join("factory.db");
            connect(&sqlite_url(&file)?, 8, SQLITE_SETUP, Kind::Sqlite)
                .await
                .map_err(|e| Fault::new(Code::StateFailed, format!("{}: {e}", file.display())))
        }
        StateOptions::Postgres(options) => connect(&options.url()?, 15, POSTGRES_SETUP, Kind::Postgres)
            .await
            .map_err(|e| Fault::new(Code::StateUnreachable, format!("{}: {e}", options.address))),
    }
}

/// The file, which is made when it is missing, as an URL.
fn sqlite_url(file: &Path) -> Result<String, Fault> {
    let fault = |what: String| Fault::new(Code::StateFailed, format!("{}: {what}", file.display()));
    // SQLite would make it with the umask's mode.
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .map_err(|e| fault(e.to_string()))?;
    let whole = std::path::absolute(file).map_err(|e| fault(e.to_string()))?;
    let url = Url::from_file_path(whole).map_err(|()| fault("the path is not usable".to_owned()))?;
    Ok(format!("sqlite://{}", url.path()))
}

async fn connect(url: &str, readers: u32, setup: &'static str, kind: Kind) -> Result<Pools, sqlx::Error> {
    // The writer's is the first: it makes what is missing.
    let writer = pool(url, 1, setup).await?;
    match pool(url, readers, setup).await {
        Ok(readers) => Ok(Pools { readers, writer, kind }),
        Err(error) => {
            writer.close().await;
            Err(error)
        }
    }
}

async fn pool(url: &str, connections: u32, setup: &'static str) -> Result<Pool<Database>, sqlx::Error> {
    // Statements are not logged: at the level where they would be, nobody reads them.
    let options = AnyConnectOptions::from_str(url)?.disable_statement_logging();
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        // A question more for every use of a connection: only to those that nobody has used for a while.
        .test_before_acquire(false)
        .before_acquire(|conn, of| {
            Box::pin(async move {
                if of.idle_for > FRESH {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |conn, _| {
            Box::pin(async move {
                conn.execute(setup).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

async fn migrate(pool: &Pool<Database>, kind: Kind) -> Result<(), Fault> {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        let sql = match kind {
            Kind::Sqlite => sql.into_sql_str(),
            // Both compare and sort text byte by byte, whatever the language of the server is.
            Kind::Postgres => AssertSqlSafe(sql.replace(" TEXT", " TEXT COLLATE \"C\"")).into_sql_str(),
        };
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    // Replicas that start at the same time wait here for each other.
    let mut conn = pool.acquire().await.db()?;
    let done = Migrator::with_migrations(migrations.collect())
        .run_direct(None, &mut *conn, false)
        .await;
    done.map_err(|error| match error {
        MigrateError::VersionMissing(version) => Fault::new(
            Code::StateTooNew,
            format!("the state has step {version}, which this version does not know"),
        ),
        error => Fault::new(
            Code::StateFailed,
            format!("the database cannot be brought up to date: {error}"),
        ),
    })
}

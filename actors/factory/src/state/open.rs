//! Opening the database, whichever of the two it is, and bringing it up to date.

use super::{Database, Db, Kind, MIGRATIONS, StateLock, StateOptions};
use sluice_contract::{Code, Fault};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Pool, SqlSafeStr};
use std::borrow::Cow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::oneshot;
use url::Url;

/// How long to wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// Of every connection to SQLite.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                            PRAGMA foreign_keys = ON";
/// Of every connection to PostgreSQL. A writer whose machine is gone must not keep the others waiting: its transaction
/// ends when the server notices, within half a minute.
const POSTGRES_SETUP: &str = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'; \
                              SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                              SET tcp_keepalives_count = 3; SET tcp_user_timeout = '25s'; \
                              SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'";

/// The database, and the lock of its directory.
type Opened = (Pool<Database>, Kind, Option<StateLock>);

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
        if let Err(Ok((pool, _, lock))) = done.send(result.map(|(pool, kind)| (pool, kind, lock))) {
            pool.close().await;
            drop(lock);
        }
    });
    let lost = |_| Fault::new(Code::Internal, "the database was not opened: its task ended early");
    opened.await.map_err(lost)?
}

async fn now(dir: &Path, options: &StateOptions) -> Result<(Pool<Database>, Kind), Fault> {
    sqlx::any::install_default_drivers();
    let (pool, kind) = connected(dir, options).await?;
    if let Err(fault) = migrate(&pool, kind).await {
        pool.close().await;
        return Err(fault);
    }
    Ok((pool, kind))
}

async fn connected(dir: &Path, options: &StateOptions) -> Result<(Pool<Database>, Kind), Fault> {
    match options {
        StateOptions::Directory => {
            let file = dir.join("factory.db");
            let pool = connect(&sqlite_url(&file)?, 8, SQLITE_SETUP)
                .await
                .map_err(|e| Fault::new(Code::StateFailed, format!("{}: {e}", file.display())))?;
            Ok((pool, Kind::Sqlite))
        }
        StateOptions::Postgres(options) => {
            let pool = connect(&options.url()?, 16, POSTGRES_SETUP)
                .await
                .map_err(|e| Fault::new(Code::StateUnreachable, format!("{}: {e}", options.address)))?;
            Ok((pool, Kind::Postgres))
        }
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

async fn connect(url: &str, connections: u32, setup: &'static str) -> Result<Pool<Database>, sqlx::Error> {
    // Statements are not logged: at the level where they would be, nobody reads them.
    let options = AnyConnectOptions::from_str(url)?.disable_statement_logging();
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
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

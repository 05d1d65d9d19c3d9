//! One state of a table for several sessions.
//!
//! A snapshot belongs to one session, and begins with its first read. While the table is locked for writers, all sessions
//! begin theirs: they see the same. The lock is waited for, and held, for moments only.

use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use sluice_contract::{Code, Fault};

/// More sessions than this are not kept open for one copy.
pub(super) const MOST: usize = 32;

/// How long writers may be waited for, in milliseconds; others that come wait behind us as long.
const PATIENCE: u32 = 3000;

/// As many sessions, each in a transaction that sees the same state of the table; none when it cannot be locked.
///
/// # Errors
/// `SL60xx` when the server cannot be reached, or has no more sessions.
pub(super) async fn sessions(
    settings: &Settings,
    table: &TableName,
    count: usize,
) -> Result<Option<Vec<Session>>, Fault> {
    let doing = format!("taking a snapshot of {table}");
    let quoted = table.quoted();
    // All that takes time happens before the lock.
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let mut session = Session::open(settings).await?;
        session
            .run(&doing, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION")
            .await?;
        sessions.push(session);
    }
    let mut locker = Session::open(settings).await?;
    let begin =
        format!("SET LOCK_TIMEOUT {PATIENCE}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION");
    locker.run(&doing, &begin).await?;
    let lock = format!("SELECT TOP 1 1 FROM {quoted} WITH (TABLOCK, HOLDLOCK)");
    match locker.rows(&doing, &lock).await {
        Ok(_) => {}
        Err(fault) if fault.code == Code::StoreUnreachable => return Err(fault),
        // Somebody is writing without end, or the thing cannot be locked.
        Err(fault) => {
            tracing::info!(%table, %fault, "The table could not be locked for a moment, so its partitions have a snapshot each");
            return Ok(None);
        }
    }
    let first = format!("SELECT TOP 1 1 FROM {quoted}");
    for session in &mut sessions {
        session.rows(&doing, &first).await?;
    }
    locker.run(&doing, "ROLLBACK TRANSACTION").await?;
    Ok(Some(sessions))
}

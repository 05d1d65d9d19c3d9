//! One snapshot for all partitions of a source.

use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use sluice_contract::{Code, Fault};
use std::sync::{Arc, Mutex, PoisonError};

const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
const DOING: &str = "taking a snapshot";

/// Begins a transaction that sees the database as it is now.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn begin(session: &mut Session) -> Result<(), Fault> {
    session.run(DOING, ISOLATION).await?;
    session.run(DOING, BEGIN).await.map(drop)
}

/// Begins transactions in several sessions that all see the same. A read lock keeps writers away from the table for the
/// moment that this takes: MySQL has no other way to share a snapshot. None, and why, when it may not or cannot be locked.
///
/// # Errors
/// `SL60xx`.
pub(super) async fn begin_together(
    settings: &Arc<Settings>,
    table: &TableName,
    mut first: Session,
    count: usize,
) -> Result<(Vec<Session>, Option<String>), Fault> {
    let mut lock = Session::open(settings).await?;
    let mut others = Vec::with_capacity(count);
    for _ in 1..count {
        others.push(Session::open(settings).await?);
    }
    for session in std::iter::once(&mut first).chain(&mut others) {
        session.run(DOING, ISOLATION).await?;
    }
    lock.run(DOING, "SET lock_wait_timeout = 5").await?;
    let locked = lock.run(DOING, &format!("LOCK TABLES {} READ", table.quoted())).await;
    if let Err(fault) = locked {
        if !matches!(
            fault.code,
            Code::LoginFailed | Code::PermissionDenied | Code::StoreBusy | Code::QueryFailed
        ) {
            return Err(fault);
        }
        first.run(DOING, BEGIN).await?;
        let why = format!(
            "{table} is read as one partition: it could not be locked for the moment that a snapshot shared by several \
             sessions takes ({})",
            fault.message
        );
        return Ok((vec![first], Some(why)));
    }
    for session in std::iter::once(&mut first).chain(&mut others) {
        session.run(DOING, BEGIN).await?;
    }
    lock.run(DOING, "UNLOCK TABLES").await?;
    let mut sessions = vec![first];
    sessions.append(&mut others);
    Ok((sessions, None))
}

/// Sessions that see the snapshot and are not reading.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Session>>>);

impl Pool {
    pub(super) fn new(sessions: Vec<Session>) -> Self {
        Self(Arc::new(Mutex::new(sessions)))
    }

    /// Takes a session.
    ///
    /// # Errors
    /// `SL6001` when all are reading, or were lost: no other can see the snapshot any more.
    pub(super) fn take(&self) -> Result<Session, Fault> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.pop().ok_or_else(|| {
            let text = "the connections that see the source's snapshot are lost or busy";
            Fault::new(Code::StoreUnreachable, text)
        })
    }

    /// Gives one back.
    pub(super) fn give(&self, session: Session) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}

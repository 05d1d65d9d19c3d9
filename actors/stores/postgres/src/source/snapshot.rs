//! One snapshot for all partitions of a source.

use crate::errors;
use crate::session::Session;
use crate::settings::Settings;
use sluice_contract::{Code, Fault};

/// A snapshot, held by an open transaction as long as this lives.
pub(crate) struct Snapshot {
    session: Session,
    id: String,
}

impl Snapshot {
    /// Takes one of the database as it is now.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn take(settings: &Settings) -> Result<Self, Fault> {
        const DOING: &str = "taking a snapshot";
        let session = Session::open(settings).await?;
        session.run(DOING, BEGIN).await?;
        let failed = |error| errors::fault(DOING, &error);
        let row = session
            .query_one("SELECT pg_export_snapshot()", &[])
            .await
            .map_err(failed)?;
        let id = row.try_get(0).map_err(failed)?;
        Ok(Self { session, id })
    }

    /// The session that holds it, in its transaction.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Begins a transaction in another session that sees the same.
    ///
    /// # Errors
    /// `SL6001` when the session that holds the snapshot is gone, and the snapshot with it; other `SL60xx`.
    pub(crate) async fn join(&self, session: &Session) -> Result<(), Fault> {
        if self.session.is_closed() {
            let text = "the connection that held the source's snapshot was lost";
            return Err(Fault::new(Code::StoreUnreachable, text));
        }
        let set = format!("{BEGIN}; SET TRANSACTION SNAPSHOT {}", crate::names::literal(&self.id));
        session.run("joining the snapshot", &set).await
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

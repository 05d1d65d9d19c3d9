//! One snapshot for all partitions of a source.

use crate::errors;
use crate::session::Session;
use crate::settings::Settings;
use sluice_contract::{Code, Fault};

/// A snapshot, held by an open transaction as long as this lives.
pub(crate) struct Snapshot {
    session: Session,
    isolation: Isolation,
    id: String,
}

/// How far a source is kept apart from those who write at the same time. All its sessions see one snapshot, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// What serves the activity's `isolationLevel`.
    ///
    /// # Errors
    /// `SL6013` for a word that is none.
    pub(crate) fn asked(word: Option<&str>) -> Result<Self, Fault> {
        match word.map(str::to_ascii_lowercase).as_deref() {
            None | Some("readcommitted" | "readuncommitted" | "repeatableread" | "snapshot") => {
                Ok(Self::RepeatableRead)
            }
            Some("serializable") => Ok(Self::Serializable),
            Some(_) => {
                let text = format!(
                    "the source's isolationLevel {:?} is none of ReadCommitted, ReadUncommitted, RepeatableRead, \
                     Serializable, Snapshot",
                    word.unwrap_or_default()
                );
                Err(Fault::new(Code::PropertyMissing, text))
            }
        }
    }

    /// What a user gets who asked for less.
    pub(crate) fn warning(self, word: Option<&str>) -> Option<String> {
        let word = word.filter(|word| word.to_ascii_lowercase().starts_with("read"))?;
        Some(format!(
            "isolationLevel {word}: the source was read in one snapshot (repeatable read), which promises more"
        ))
    }

    fn begin(self) -> &'static str {
        match self {
            Self::RepeatableRead => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        }
    }
}

impl Snapshot {
    /// Takes one of the database as it is now.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn take(settings: &Settings, isolation: Isolation) -> Result<Self, Fault> {
        const DOING: &str = "taking a snapshot";
        let session = Session::open(settings).await?;
        session.run(DOING, isolation.begin()).await?;
        let failed = |error| errors::fault(DOING, &error);
        let row = session
            .query_one("SELECT pg_export_snapshot()", &[])
            .await
            .map_err(failed)?;
        let id = row.try_get(0).map_err(failed)?;
        Ok(Self { session, isolation, id })
    }

    /// Joins one that another session holds, on this node or on another, for as long as this lives.
    ///
    /// # Errors
    /// `SL6001` when it is gone; other `SL60xx`.
    pub(crate) async fn share(settings: &Settings, isolation: Isolation, id: &str) -> Result<Self, Fault> {
        const DOING: &str = "joining the snapshot of another node";
        let session = Session::open(settings).await?;
        let (begin, theirs) = (isolation.begin(), crate::names::literal(id));
        let set = format!("{begin}; SET TRANSACTION SNAPSHOT {theirs}");
        session.run(DOING, &set).await?;
        // Its own name for it: the other session may end before this one.
        let failed = |error| errors::fault(DOING, &error);
        let row = session
            .query_one("SELECT pg_export_snapshot()", &[])
            .await
            .map_err(failed)?;
        let id = row.try_get(0).map_err(failed)?;
        Ok(Self { session, isolation, id })
    }

    /// Its name, for other sessions.
    pub(crate) fn id(&self) -> &str {
        &self.id
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
        let (begin, id) = (self.isolation.begin(), crate::names::literal(&self.id));
        let set = format!("{begin}; SET TRANSACTION SNAPSHOT {id}");
        session.run("joining the snapshot", &set).await
    }
}

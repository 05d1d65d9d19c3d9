//! What a source sees of others' writes.

use crate::session::{Session, value};
use crate::settings::property;
use sluice_contract::Fault;

/// The isolation of a source's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Isolation {
    level: Level,
    /// Whether it was asked for by name.
    asked: bool,
    /// Whether the database cannot change: it is read-only, or itself a snapshot of another.
    pub(super) frozen: bool,
    /// Whether READ COMMITTED reads versions of rows, of one moment for a statement.
    versions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
    Snapshot,
}

const STATE: &str = "SELECT CAST(d.snapshot_isolation_state AS int), CAST(d.is_read_committed_snapshot_on AS int), \
     CAST(d.is_read_only AS int), CAST(d.source_database_id AS int) FROM sys.databases AS d WHERE d.database_id = DB_ID()";

impl Isolation {
    /// What was asked for; otherwise a snapshot where the database allows one.
    ///
    /// # Errors
    /// `SL6013` for a level that does not exist.
    pub(super) async fn choose(session: &mut Session, asked: Option<&str>) -> Result<Self, Fault> {
        const DOING: &str = "asking for the database's isolation";
        let level = asked.map(Level::parse).transpose()?;
        let found = match session.rows(DOING, STATE).await {
            Ok(rows) => rows,
            Err(fault) if fault.retryable => return Err(fault),
            // A login may not see it, or a server may not have it: then nothing is promised.
            Err(fault) => {
                tracing::debug!(%fault, "The database does not tell its isolation");
                Vec::new()
            }
        };
        let number = |column: usize| {
            let row = found.first();
            row.and_then(|row| value::<i32>(row, column, DOING).ok().flatten())
        };
        // 0 off, 1 on, 2 and 3 on the way from one to the other.
        let allowed = number(0) == Some(1);
        Ok(Self {
            level: level.unwrap_or(if allowed { Level::Snapshot } else { Level::ReadCommitted }),
            asked: level.is_some(),
            versions: number(1) == Some(1),
            frozen: number(2) == Some(1) || number(3).is_some(),
        })
    }

    /// The statement that sets it.
    pub(super) fn set(self) -> &'static str {
        match self.level {
            Level::ReadUncommitted => "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            Level::ReadCommitted => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            Level::RepeatableRead => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            Level::Serializable => "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            Level::Snapshot => "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
        }
    }

    /// Whether several sessions need to be made to see the same, and can be.
    pub(super) fn shares(self) -> bool {
        self.level == Level::Snapshot && !self.frozen
    }

    /// What the copy is not, with so many partitions, whose sessions see one state of the table or not.
    pub(super) fn warning(self, partitions: usize, shared: bool) -> Option<String> {
        if self.frozen || shared {
            return None;
        }
        let at_once = match self.level {
            Level::Snapshot | Level::Serializable => true,
            Level::ReadCommitted => self.versions,
            Level::RepeatableRead | Level::ReadUncommitted => false,
        };
        if partitions > 1 {
            return Some(format!(
                "{partitions} partitions are read by as many sessions, and SQL Server's snapshots belong to one session each: \
                 rows that others change during the copy may be read as they were at different moments, and rows that move from \
                 one partition to another may be missing or twice; read one partition, or a database snapshot, where that matters"
            ));
        }
        match (at_once, self.asked) {
            (true, _) => None,
            (false, true) => Some(format!(
                "the source's isolationLevel {:?} does not read the state of one moment: rows that others change during the copy \
                 may be missing or twice",
                self.level
            )),
            (false, false) => Some(
                "the database allows no snapshot isolation (ALLOW_SNAPSHOT_ISOLATION), so the source is read at READ COMMITTED \
                 with locks: rows that others change during the copy may be missing or twice"
                    .to_owned(),
            ),
        }
    }
}

impl Level {
    /// As ADF spells it, or as SQL does.
    fn parse(text: &str) -> Result<Self, Fault> {
        let word: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        Ok(match word.to_ascii_lowercase().as_str() {
            "readuncommitted" => Self::ReadUncommitted,
            "readcommitted" => Self::ReadCommitted,
            "repeatableread" => Self::RepeatableRead,
            "serializable" => Self::Serializable,
            "snapshot" => Self::Snapshot,
            _ => {
                return Err(property(format!(
                    "isolationLevel {text:?} is none of ReadCommitted, ReadUncommitted, RepeatableRead, Serializable, Snapshot"
                )));
            }
        })
    }
}

#[cfg(test)]
impl Isolation {
    /// One of every kind, for the tests.
    pub(super) fn of(level: Option<&str>, versions: bool, frozen: bool) -> Self {
        Self {
            level: level.map_or(Level::ReadCommitted, |text| Level::parse(text).unwrap()),
            asked: level.is_some(),
            versions,
            frozen,
        }
    }
}

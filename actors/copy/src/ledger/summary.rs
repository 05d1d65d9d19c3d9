//! What a ledger holds, in figures and names: for whoever looks for a mistake. Nothing of what was copied, and no job as a whole,
//! since secrets may stand in one.

use super::{Trouble, failed, time};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde_json::Value;
use sluice_contract::{Envelope, Fault};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What is in a ledger.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerSummary {
    /// How many attempts there are of each state.
    pub attempts: BTreeMap<String, i64>,
    /// How many messages wait for the factory's acknowledgement.
    pub outbox: i64,
    /// How many cancels are remembered.
    pub cancels: i64,
    /// The newest attempts.
    pub newest: Vec<Attempt>,
    /// The oldest messages that wait.
    pub waiting: Vec<Waiting>,
}

/// An attempt of a job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The job.
    pub job: String,
    /// Which attempt of it.
    pub attempt: u32,
    /// Its fencing token, once it had one.
    pub token: Option<i64>,
    /// How far it is.
    pub state: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The activity's name.
    pub activity: String,
    /// When it came.
    pub received: DateTime<Utc>,
    /// When its state changed last.
    pub changed: DateTime<Utc>,
}

/// A message that the factory has not acknowledged.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The job.
    pub job: String,
    /// Which attempt of it.
    pub attempt: u32,
    /// The message's type.
    pub message: String,
    /// The error's code, where the attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// How often it was sent.
    pub sent: u32,
}

impl LedgerSummary {
    /// Reads the ledger of a node that runs or does not; changes nothing. Blocks.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn read(path: &Path, most: u32) -> Result<Self, Fault> {
        read(path, most).map_err(|error| failed(path, &Trouble::Sqlite(error)))
    }
}

fn read(path: &Path, most: u32) -> rusqlite::Result<LedgerSummary> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
    let mut states = connection.prepare("SELECT state, count(*) FROM jobs GROUP BY state")?;
    let mut newest = connection.prepare("SELECT * FROM jobs ORDER BY changed DESC, rowid DESC LIMIT ?1")?;
    let mut waiting = connection.prepare("SELECT * FROM outbox ORDER BY place LIMIT ?1")?;
    Ok(LedgerSummary {
        attempts: states
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?,
        outbox: count("SELECT count(*) FROM outbox")?,
        cancels: count("SELECT count(*) FROM cancels")?,
        newest: newest
            .query_map([most], |row| {
                let spec: Value = serde_json::from_str(&row.get::<_, String>("spec")?).unwrap_or_default();
                let name = |member: &str| spec[member].as_str().unwrap_or_default().to_owned();
                Ok(Attempt {
                    job: row.get("job")?,
                    attempt: row.get("attempt")?,
                    token: row.get("token")?,
                    state: row.get("state")?,
                    pipeline: name("pipeline"),
                    activity: name("activity"),
                    received: time(row.get("received")?),
                    changed: time(row.get("changed")?),
                })
            })?
            .collect::<rusqlite::Result<_>>()?,
        waiting: waiting
            .query_map([most], |row| {
                let envelope = serde_json::from_str::<Envelope>(&row.get::<_, String>("envelope")?).ok();
                let code = envelope.as_ref().and_then(|envelope| code_in(&envelope.data));
                Ok(Waiting {
                    job: row.get("job")?,
                    attempt: row.get("attempt")?,
                    message: envelope.map(|envelope| envelope.kind).unwrap_or_default(),
                    code,
                    since: time(row.get("created")?),
                    sent: row.get("attempts")?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?,
    })
}

/// The code of the fault that an outcome tells of.
fn code_in(data: &Value) -> Option<String> {
    ["fault", "error"]
        .iter()
        .find_map(|member| data[member]["code"].as_str())
        .map(str::to_owned)
}

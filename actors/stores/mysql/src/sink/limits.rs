//! What the server allows, and since when it runs.

use crate::session::Session;
use sluice_contract::{Code, Fault};
use std::time::{Duration, Instant};

/// Seconds by which clocks may differ.
const SLACK: u64 = 5;

/// A server's settings, as a sink met them.
pub(super) struct Limits {
    /// It takes files from clients.
    pub(super) local_files: bool,
    /// `max_allowed_packet`
    pub(super) packet: usize,
    /// Tables without transactions are where they were made: it is no member of a cluster that does not share them.
    pub(super) plain_tables: bool,
    uptime: u64,
    asked: Instant,
}

impl Limits {
    /// Asks for them.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(super) async fn ask(session: &mut Session) -> Result<Self, Fault> {
        let doing = "asking for the server's limits";
        let query = "SELECT @@local_infile, @@max_allowed_packet";
        let row = session.row(doing, query).await?.unwrap_or_default();
        let number = |index: usize| -> Option<usize> { row.get(index)?.as_deref()?.parse().ok() };
        let cluster = session.row(doing, "SHOW VARIABLES LIKE 'wsrep_on'").await?;
        let clustered = cluster.is_some_and(|row| row.get(1).is_some_and(|value| value.as_deref() != Some("OFF")));
        Ok(Self {
            local_files: number(0) == Some(1),
            packet: number(1).unwrap_or(1 << 20),
            plain_tables: !clustered,
            uptime: uptime(session).await?,
            asked: Instant::now(),
        })
    }

    /// Sees that the server was not started again since: what is staged without transactions may be damaged then.
    ///
    /// # Errors
    /// `SL7001`, to be tried again; `SL60xx`.
    pub(super) async fn check_uptime(&self, session: &mut Session) -> Result<(), Fault> {
        let passed = self
            .asked
            .elapsed()
            .saturating_sub(Duration::from_secs(SLACK))
            .as_secs();
        match uptime(session).await? >= self.uptime.saturating_add(passed) {
            true => Ok(()),
            false => {
                let text = "the server was started again since the rows were staged";
                Err(Fault::new(Code::VerificationFailed, text).retryable(true))
            }
        }
    }
}

/// Seconds that the server runs.
async fn uptime(session: &mut Session) -> Result<u64, Fault> {
    let row = session
        .row("asking how long the server runs", "SHOW GLOBAL STATUS LIKE 'Uptime'")
        .await?;
    let seconds = row.and_then(|row| row.into_iter().nth(1).flatten()?.parse().ok());
    // Not known is no reason not to publish: rows are counted, too.
    Ok(seconds.unwrap_or(u64::MAX))
}

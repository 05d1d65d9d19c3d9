//! Stopping runs.

use super::settle;
use crate::state::{Conn, jobs, runs};
use sluice_contract::Fault;

/// Asks a run and all its jobs to stop. The caller commits, and advances the run.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn cancel_run(conn: &mut Conn, run: &str) -> Result<(), Fault> {
    runs::cancel(conn, run).await?;
    for job in jobs::live_of_run(conn, run).await? {
        settle::cancel(conn, &job).await?;
    }
    Ok(())
}

/// The gateway is going: what it was to do fails. Returns the runs that have to be advanced.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn fail_jobs_of_gateway(conn: &mut Conn, gateway: &str, fault: &Fault) -> Result<Vec<String>, Fault> {
    let mut affected = Vec::new();
    for job in jobs::live(conn, Some(gateway)).await? {
        settle::fail_for_good(conn, &job, fault).await?;
        affected.push(job.run);
    }
    affected.sort_unstable();
    affected.dedup();
    Ok(affected)
}

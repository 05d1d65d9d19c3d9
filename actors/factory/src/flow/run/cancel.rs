//! Stopping runs, and what is below a container.

use crate::flow::settle;
use crate::state::{Conn, activities, jobs, runs, scopes};
use sluice_contract::Fault;

/// Asks a run and all its jobs to stop, and with `recursive` the runs that its activities started, too. The caller
/// commits, and advances the runs whose ids come back.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn cancel_run(conn: &mut Conn, run: &str, recursive: bool) -> Result<Vec<String>, Fault> {
    let mut asked = vec![run.to_owned()];
    let mut place = 0;
    while let Some(run) = asked.get(place).cloned() {
        runs::cancel(conn, &run).await?;
        for job in jobs::live_of_run(conn, &run).await? {
            settle::cancel(conn, &job).await?;
        }
        if recursive {
            asked.extend(runs::live_children(conn, &run).await?);
        }
        place += 1;
    }
    Ok(asked)
}

/// Stops everything below a container that is over before its inner activities are.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn stop_below(conn: &mut Conn, container: &str) -> Result<(), Fault> {
    let mut containers = vec![container.to_owned()];
    while let Some(container) = containers.pop() {
        for scope in scopes::cancel_below(conn, &container).await? {
            let rows = activities::of_scope(conn, &scope).await?;
            for row in rows.into_iter().filter(|row| row.ended.is_none()) {
                match jobs::live_of_activity(conn, &row.id).await? {
                    Some(job) => settle::cancel(conn, &job).await?,
                    None => activities::finish(conn, &row.id, "Cancelled", None, None).await?,
                }
                if let Some(child) = runs::live_child(conn, &row.id).await? {
                    // Nobody rings for these: the orchestrator's round finds them.
                    cancel_run(conn, &child, true).await?;
                }
                containers.push(row.id);
            }
        }
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

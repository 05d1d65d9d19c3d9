//! Jobs: one activity run handed to a gateway. This table owns who may work on it, under which token, until when.

use super::{Conn, Db, DbRow};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct JobRow {
    pub(crate) id: String,
    pub(crate) run: String,
    pub(crate) activity_run: String,
    pub(crate) gateway: String,
    /// From 1.
    pub(crate) attempt: i64,
    /// Grows with every attempt and every grant.
    pub(crate) token: i64,
    pub(crate) state: JobState,
    pub(crate) node: Option<String>,
    pub(crate) lease_until: Option<i64>,
    /// The attempt is over then, whatever the node says.
    pub(crate) deadline: i64,
    /// JSON of the JobSpec.
    pub(crate) spec: String,
    /// JSON of the CopyProgress.
    pub(crate) progress: Option<String>,
    pub(crate) cancel: bool,
    pub(crate) retry_max: i64,
    /// Microseconds.
    pub(crate) retry_interval: i64,
    /// Attempts that failed.
    pub(crate) failures: i64,
    /// Attempts whose lease was lost.
    pub(crate) lost: i64,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    /// Its dispatch is in the outbox.
    Queued,
    /// A node has taken the dispatch but not claimed the job yet.
    Dispatched,
    /// A node works on it.
    Leased,
    /// A node was allowed to commit.
    Committing,
    /// Over.
    Completed,
    /// Over.
    Failed,
    /// Over.
    Cancelled,
}

impl JobState {
    const ALL: [JobState; 7] = [
        JobState::Queued,
        JobState::Dispatched,
        JobState::Leased,
        JobState::Committing,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Dispatched => "dispatched",
            JobState::Leased => "leased",
            JobState::Committing => "committing",
            JobState::Completed => "completed",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }

    /// Nobody works on it yet.
    pub(crate) fn is_waiting(self) -> bool {
        matches!(self, JobState::Queued | JobState::Dispatched)
    }

    /// A node holds it.
    pub(crate) fn is_held(self) -> bool {
        matches!(self, JobState::Leased | JobState::Committing)
    }
}

impl FromRow<'_, DbRow> for JobRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let state: String = row.try_get("state")?;
        Ok(Self {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
            activity_run: row.try_get("activity_run")?,
            gateway: row.try_get("gateway")?,
            attempt: row.try_get("attempt")?,
            token: row.try_get("token")?,
            state: JobState::ALL
                .into_iter()
                .find(|known| known.as_str() == state)
                .ok_or_else(|| sqlx::Error::Decode(format!("job state {state:?}").into()))?,
            node: row.try_get("node")?,
            lease_until: row.try_get("lease_until")?,
            deadline: row.try_get("deadline")?,
            spec: row.try_get("spec")?,
            progress: row.try_get("progress")?,
            cancel: row.try_get::<i64, _>("cancel")? != 0,
            retry_max: row.try_get("retry_max")?,
            retry_interval: row.try_get("retry_interval")?,
            failures: row.try_get("failures")?,
            lost: row.try_get("lost")?,
        })
    }
}

/// Finds one.
pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<JobRow>, Fault> {
    sqlx::query_as("SELECT * FROM jobs WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Those of a run that are not over.
pub(crate) async fn live_of_run(conn: &mut Conn, run: &str) -> Result<Vec<JobRow>, Fault> {
    sqlx::query_as("SELECT * FROM jobs WHERE run = $1 AND state IN ('queued', 'dispatched', 'leased', 'committing')")
        .bind(run)
        .fetch_all(conn)
        .await
        .db()
}

/// The one of an activity run that is not over.
pub(crate) async fn live_of_activity(conn: &mut Conn, activity: &str) -> Result<Option<JobRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM jobs WHERE activity_run = $1 AND state IN ('queued', 'dispatched', 'leased', 'committing')",
    )
    .bind(activity)
    .fetch_optional(conn)
    .await
    .db()
}

/// Those that are not over; of one gateway, or of all.
pub(crate) async fn live(conn: &mut Conn, gateway: Option<&str>) -> Result<Vec<JobRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM jobs WHERE state IN ('queued', 'dispatched', 'leased', 'committing') \
         AND ($1 = '' OR gateway = $1)",
    )
    .bind(gateway.unwrap_or_default())
    .fetch_all(conn)
    .await
    .db()
}

/// Those whose lease or deadline was over at `moment`.
pub(crate) async fn overdue(conn: &mut Conn, moment: i64) -> Result<Vec<JobRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM jobs WHERE state IN ('queued', 'dispatched', 'leased', 'committing') \
         AND (lease_until < $1 OR deadline < $1)",
    )
    .bind(moment)
    .fetch_all(conn)
    .await
    .db()
}

/// This machine's clock was set forth by so many microseconds: what it makes look overdue is not. Leases are counted anew,
/// deadlines move with the clock.
pub(crate) async fn clock_went_forth(conn: &mut Conn, moment: i64, lease: i64, by: i64) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE jobs SET lease_until = $1 WHERE lease_until < $2 AND state IN ('dispatched', 'leased', 'committing')",
    )
    .bind(moment.saturating_add(lease))
    .bind(moment)
    .execute(&mut *conn)
    .await
    .db()?;
    sqlx::query(
        "UPDATE jobs SET deadline = deadline + $1 \
         WHERE deadline < $2 AND state IN ('queued', 'dispatched', 'leased', 'committing')",
    )
    .bind(by)
    .bind(moment)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The clock was set back: no lease lasts longer than one does.
pub(crate) async fn clock_went_back(conn: &mut Conn, moment: i64, lease: i64) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE jobs SET lease_until = $1 WHERE lease_until > $1 AND state IN ('dispatched', 'leased', 'committing')",
    )
    .bind(moment.saturating_add(lease))
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The progress of each job of a run that is not over, by activity run.
pub(crate) async fn progress_of_run(
    conn: &mut Conn,
    run: &str,
) -> Result<Vec<(String, String, Option<String>)>, Fault> {
    sqlx::query_as(
        "SELECT activity_run, id, progress FROM jobs \
         WHERE run = $1 AND state IN ('queued', 'dispatched', 'leased', 'committing')",
    )
    .bind(run)
    .fetch_all(conn)
    .await
    .db()
}

/// Adds one.
pub(crate) async fn insert(conn: &mut Conn, row: &JobRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO jobs (id, run, activity_run, gateway, attempt, token, state, node, lease_until, deadline, spec, \
         progress, cancel, retry_max, retry_interval, failures, lost, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(&row.id)
    .bind(&row.run)
    .bind(&row.activity_run)
    .bind(&row.gateway)
    .bind(row.attempt)
    .bind(row.token)
    .bind(row.state.as_str())
    .bind(&row.node)
    .bind(row.lease_until)
    .bind(row.deadline)
    .bind(&row.spec)
    .bind(&row.progress)
    .bind(i64::from(row.cancel))
    .bind(row.retry_max)
    .bind(row.retry_interval)
    .bind(row.failures)
    .bind(row.lost)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Writes what changes in the life of a job, but only if nobody changed it since `row` was read: state, attempt and
/// token are compared. Whether it was written.
pub(crate) async fn update(conn: &mut Conn, before: &JobRow, after: &JobRow) -> Result<bool, Fault> {
    let done = sqlx::query(
        "UPDATE jobs SET attempt = $1, token = $2, state = $3, node = $4, lease_until = $5, deadline = $6, \
         progress = $7, cancel = $8, failures = $9, lost = $10, updated = $11, \
         spec = $12 WHERE id = $13 AND attempt = $14 AND token = $15 AND state = $16",
    )
    .bind(after.attempt)
    .bind(after.token)
    .bind(after.state.as_str())
    .bind(&after.node)
    .bind(after.lease_until)
    .bind(after.deadline)
    .bind(&after.progress)
    .bind(i64::from(after.cancel))
    .bind(after.failures)
    .bind(after.lost)
    .bind(now())
    .bind(&after.spec)
    .bind(&before.id)
    .bind(before.attempt)
    .bind(before.token)
    .bind(before.state.as_str())
    .execute(conn)
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

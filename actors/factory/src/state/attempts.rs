//! Which node had a job when, and how that ended.

use super::jobs::JobRow;
use super::{Conn, Db};
use crate::wire::{now, time_text};
use serde_json::{Value, json};
use sluice_contract::Fault;
use std::collections::HashMap;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Succeeded,
    Failed,
    /// Its node fell silent, or was cut off.
    Lost,
    /// Its node did not want it after all.
    GivenBack,
    Cancelled,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Ended::Succeeded => "Succeeded",
            Ended::Failed => "Failed",
            Ended::Lost => "Lost",
            Ended::GivenBack => "GivenBack",
            Ended::Cancelled => "Cancelled",
        }
    }
}

/// A node has taken a job.
pub(crate) async fn begin(conn: &mut Conn, job: &JobRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO attempts (job, attempt, token, node, began, result, code, message, records) \
         VALUES ($1, $2, $3, $4, $5, '', '', '', 0) ON CONFLICT (job, attempt) DO NOTHING",
    )
    .bind(&job.id)
    .bind(job.attempt)
    .bind(job.token)
    .bind(job.node.as_deref().unwrap_or_default())
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The current attempt of a job is over. One that no node ever had leaves no trace.
pub(crate) async fn end(
    conn: &mut Conn,
    job: &JobRow,
    ended: Ended,
    fault: Option<&Fault>,
    rows: u64,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE attempts SET ended = $1, result = $2, code = $3, message = $4, records = $5 \
         WHERE job = $6 AND attempt = $7 AND ended IS NULL",
    )
    .bind(now())
    .bind(ended.as_str())
    .bind(fault.map(|fault| fault.code.as_str()).unwrap_or_default())
    .bind(fault.map(|fault| fault.message.as_str()).unwrap_or_default())
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .bind(&job.id)
    .bind(job.attempt)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// A row of a run's attempts: the activity run, then the attempt.
type Row = (String, i64, i64, String, i64, Option<i64>, String, String, String, i64);

/// The attempts of a run's activities, by activity run, the oldest first.
pub(crate) async fn of_run(conn: &mut Conn, run: &str) -> Result<HashMap<String, Vec<Value>>, Fault> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT jobs.activity_run, attempts.attempt, attempts.token, coalesce(nodes.name, attempts.node), attempts.began, \
         attempts.ended, attempts.result, attempts.code, attempts.message, attempts.records \
         FROM jobs JOIN attempts ON attempts.job = jobs.id LEFT JOIN nodes ON nodes.id = attempts.node \
         WHERE jobs.run = $1 ORDER BY attempts.attempt",
    )
    .bind(run)
    .fetch_all(conn)
    .await
    .db()?;
    let mut found: HashMap<String, Vec<Value>> = HashMap::new();
    for (activity, attempt, token, node, began, ended, result, code, message, rows) in rows {
        let mut told = json!({
            "attempt": attempt, "token": token, "node": node, "began": time_text(began),
            "ended": ended.map(time_text), "rows": rows,
            "status": if ended.is_some() { result.as_str() } else { "InProgress" },
        });
        if !code.is_empty() {
            told["errorCode"] = code.into();
            told["message"] = message.into();
        }
        found.entry(activity).or_default().push(told);
    }
    Ok(found)
}

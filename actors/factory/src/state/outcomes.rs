//! What nodes reported about jobs, in time or not.

use super::{Conn, Db};
use crate::wire::{now, time_text};
use serde_json::{Value, json};
use sluice_contract::message::Failed;
use sluice_contract::{Envelope, Fault};

const MONTH: i64 = 30 * 86_400_000_000;

/// Whether an outcome of this id is recorded already.
pub(crate) async fn is_recorded(conn: &mut Conn, id: &str) -> Result<bool, Fault> {
    let found: Option<i64> = sqlx::query_scalar("SELECT received FROM outcomes WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.is_some())
}

/// Records an outcome; `accepted` says whether it counted.
pub(crate) async fn record(conn: &mut Conn, envelope: &Envelope, node: &str, accepted: bool) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO outcomes (id, job, attempt, token, node, kind, accepted, data, received) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&envelope.id)
    .bind(envelope.job.as_ref().map(|job| job.as_str()).unwrap_or_default())
    .bind(i64::from(envelope.attempt.unwrap_or_default()))
    .bind(
        envelope
            .token
            .and_then(|token| i64::try_from(token).ok())
            .unwrap_or_default(),
    )
    .bind(node)
    .bind(&envelope.kind)
    .bind(i64::from(accepted))
    .bind(envelope.data.to_string())
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The failures of a job's earlier attempts, the oldest first, for people.
pub(crate) async fn failures_before(conn: &mut Conn, job: &str, attempt: i64) -> Result<Vec<Value>, Fault> {
    let rows: Vec<(i64, String, i64, String)> = sqlx::query_as(
        "SELECT attempt, node, received, data FROM outcomes \
         WHERE job = $1 AND attempt < $2 AND accepted = 1 AND kind = 'job.failed' ORDER BY attempt",
    )
    .bind(job)
    .bind(attempt)
    .fetch_all(conn)
    .await
    .db()?;
    let told = |(attempt, node, received, data): (i64, String, i64, String)| {
        let fault = serde_json::from_str::<Failed>(&data).ok()?.fault;
        Some(json!({
            "attempt": attempt,
            "node": node,
            "ended": time_text(received),
            "errorCode": fault.code.as_str(),
            "message": fault.message,
        }))
    };
    Ok(rows.into_iter().filter_map(told).collect())
}

/// Forgets what is older than a month.
pub(crate) async fn forget_old(conn: &mut Conn) -> Result<(), Fault> {
    sqlx::query("DELETE FROM outcomes WHERE received < $1")
        .bind(now() - MONTH)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

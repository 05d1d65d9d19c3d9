//! Pieces of outputs that are too large for one message.

use super::{Conn, Db};
use sluice_contract::Fault;
use sluice_contract::job::OutputPart;

/// Keeps a piece; one that is there already stays.
pub(crate) async fn keep(conn: &mut Conn, job: &str, token: i64, part: &OutputPart) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO job_outputs (job, token, part, parts, data) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (job, token, part) DO NOTHING",
    )
    .bind(job)
    .bind(token)
    .bind(i64::from(part.part))
    .bind(i64::from(part.of))
    .bind(&part.data)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The pieces that came under this token, in their order.
pub(crate) async fn of_job(conn: &mut Conn, job: &str, token: i64) -> Result<Vec<String>, Fault> {
    sqlx::query_scalar("SELECT data FROM job_outputs WHERE job = $1 AND token = $2 ORDER BY part")
        .bind(job)
        .bind(token)
        .fetch_all(conn)
        .await
        .db()
}

/// Forgets all pieces of a job that is over.
pub(crate) async fn forget(conn: &mut Conn, job: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM job_outputs WHERE job = $1")
        .bind(job)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

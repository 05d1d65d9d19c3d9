//! Requests that clients may repeat: the answer to the first is the answer to all.

use super::{Conn, Db};
use crate::wire::now;
use sluice_contract::Fault;

const DAY: i64 = 86_400_000_000;

/// The run that an earlier request of this id started.
pub(crate) async fn find(
    conn: &mut Conn,
    factory: &str,
    operation: &str,
    request: &str,
) -> Result<Option<String>, Fault> {
    sqlx::query_scalar("SELECT run FROM request_ids WHERE factory = $1 AND operation = $2 AND request = $3")
        .bind(factory)
        .bind(operation)
        .bind(request)
        .fetch_optional(conn)
        .await
        .db()
}

/// Remembers it, for a day.
pub(crate) async fn insert(
    conn: &mut Conn,
    factory: &str,
    operation: &str,
    request: &str,
    run: &str,
) -> Result<(), Fault> {
    sqlx::query("DELETE FROM request_ids WHERE created < $1")
        .bind(now() - DAY)
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query("INSERT INTO request_ids (factory, operation, request, run, created) VALUES ($1, $2, $3, $4, $5)")
        .bind(factory)
        .bind(operation)
        .bind(request)
        .bind(run)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

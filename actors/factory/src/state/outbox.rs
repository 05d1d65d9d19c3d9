//! Messages that must go out. A row is written with the change it tells of, and deleted when the other side took it.

use super::{Conn, Db, DbRow, json, stored};
use crate::wire::now;
use sluice_channel::Address;
use sluice_contract::{Envelope, Fault, GatewayId, NodeId};
use sqlx::{AssertSqlSafe, FromRow, Row};

/// Where a message goes: GATEWAY/NODE, or GATEWAY/ for any node. There is an index on this expression.
const ADDRESS: &str = "(gateway || '/' || COALESCE(node, ''))";

const DELETE_DISPATCHES: &str = "DELETE FROM outbox WHERE job = $1 AND node IS NULL";
const WAKE: &str = "UPDATE outbox SET due = 0 WHERE gateway = $1 AND due > $2";

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub(crate) id: String,
    pub(crate) envelope: Envelope,
    pub(crate) tries: i64,
}

impl FromRow<'_, DbRow> for OutboxRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let text: String = row.try_get("envelope")?;
        Ok(Self {
            id: row.try_get("id")?,
            envelope: stored("an envelope", &text).map_err(|fault| sqlx::Error::Decode(fault.into()))?,
            tries: row.try_get("tries")?,
        })
    }
}

/// Adds a message for a node, or for any node of the gateway. It is not sent before `not_before`.
pub(crate) async fn insert(
    conn: &mut Conn,
    node: Option<&str>,
    envelope: &Envelope,
    not_before: i64,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO outbox (id, gateway, node, job, envelope, not_before, due, tries, created) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&envelope.id)
    .bind(envelope.gateway.as_str())
    .bind(node)
    .bind(envelope.job.as_ref().map(|job| job.as_str()).unwrap_or_default())
    .bind(json(envelope)?)
    .bind(not_before)
    .bind(now())
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

fn address(key: &str) -> Address {
    let (gateway, node) = key.split_once('/').unwrap_or((key, ""));
    let gateway = GatewayId::from(gateway);
    match node {
        "" => Address::Jobs { gateway },
        node => Address::Control {
            gateway,
            node: NodeId::from(node),
        },
    }
}

/// Where something is due now that no replica is sending.
pub(crate) async fn due_addresses(conn: &mut Conn) -> Result<Vec<Address>, Fault> {
    let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(due_sql()))
        .bind(now())
        .fetch_all(conn)
        .await
        .db()?;
    Ok(found.iter().map(|key| address(key)).collect())
}

/// From each address to the next one in the index: many messages may wait at one.
fn due_sql() -> String {
    let first = |condition: &str| format!("(SELECT {ADDRESS} FROM outbox{condition} ORDER BY {ADDRESS} LIMIT 1)");
    format!(
        "WITH RECURSIVE known (address) AS (SELECT {} UNION ALL SELECT {} FROM known WHERE known.address IS NOT NULL) \
         SELECT address FROM known WHERE EXISTS (SELECT 1 FROM outbox WHERE {ADDRESS} = known.address \
         AND due <= $1 AND not_before <= $1 AND held_until <= $1)",
        first(""),
        first(&format!(" WHERE {ADDRESS} > known.address")),
    )
}

/// The oldest message that is due at an address and that no replica is sending.
pub(crate) async fn next(conn: &mut Conn, at: &Address) -> Result<Option<OutboxRow>, Fault> {
    let (gateway, node) = match at {
        Address::Jobs { gateway } => (gateway, ""),
        Address::Control { gateway, node } => (gateway, node.as_str()),
        Address::Events { .. } => return Ok(None),
    };
    sqlx::query_as(AssertSqlSafe(next_sql()))
        .bind(format!("{gateway}/{node}"))
        .bind(now())
        .fetch_optional(conn)
        .await
        .db()
}

fn next_sql() -> String {
    format!(
        "SELECT id, envelope, tries FROM outbox WHERE {ADDRESS} = $1 AND due <= $2 AND not_before <= $2 \
         AND held_until <= $2 ORDER BY created, id LIMIT 1"
    )
}

/// This replica sends a message from now on; the others leave it alone for some microseconds.
pub(crate) async fn hold(conn: &mut Conn, id: &str, replica: &str, span: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE outbox SET holder = $2, held_until = $3 WHERE id = $1")
        .bind(id)
        .bind(replica)
        .bind(now() + span)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// This replica does not send a message after all.
pub(crate) async fn release(conn: &mut Conn, id: &str, replica: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE outbox SET holder = '', held_until = 0 WHERE id = $1 AND holder = $2")
        .bind(id)
        .bind(replica)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// The message arrived, or is not wanted any more.
pub(crate) async fn delete(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM outbox WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// The dispatches of a job are not wanted any more.
pub(crate) async fn delete_dispatches(conn: &mut Conn, job: &str) -> Result<(), Fault> {
    sqlx::query(DELETE_DISPATCHES).bind(job).execute(conn).await.db()?;
    Ok(())
}

/// The messages of a gateway, or of one of its nodes, have nobody to go to.
pub(crate) async fn delete_for(conn: &mut Conn, gateway: &str, node: Option<&str>) -> Result<(), Fault> {
    sqlx::query("DELETE FROM outbox WHERE gateway = $1 AND ($2 = '' OR node = $2)")
        .bind(gateway)
        .bind(node.unwrap_or_default())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// The message could not be sent; again in some microseconds.
pub(crate) async fn postpone(conn: &mut Conn, id: &str, wait: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE outbox SET tries = tries + 1, due = $2, holder = '', held_until = 0 WHERE id = $1")
        .bind(id)
        .bind(now() + wait)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Somebody of the gateway is there (again): what was postponed is due now. Whether there was anything.
pub(crate) async fn wake(conn: &mut Conn, gateway: &str) -> Result<bool, Fault> {
    let done = sqlx::query(WAKE).bind(gateway).bind(now()).execute(conn).await.db()?;
    Ok(done.rows_affected() > 0)
}

/// Whether anything of a gateway waits for somebody to come.
pub(crate) async fn is_waiting(conn: &mut Conn, gateway: &str) -> Result<bool, Fault> {
    let found: Option<String> = sqlx::query_scalar("SELECT id FROM outbox WHERE gateway = $1 AND due > $2 LIMIT 1")
        .bind(gateway)
        .bind(now())
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.is_some())
}

/// When a job's dispatch may go out, and how often that was tried in vain; none when it has gone out.
pub(crate) async fn dispatch_of(conn: &mut Conn, job: &str) -> Result<Option<(i64, i64)>, Fault> {
    sqlx::query_as("SELECT not_before, tries FROM outbox WHERE job = $1 AND node IS NULL LIMIT 1")
        .bind(job)
        .fetch_optional(conn)
        .await
        .db()
}

#[cfg(test)]
mod tests {
    use super::super::{State, StateOptions};
    use super::*;

    /// What SQLite is going to do: one step a row.
    struct Step(String);

    impl FromRow<'_, DbRow> for Step {
        fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
            row.try_get("detail").map(Step)
        }
    }

    #[tokio::test]
    async fn nothing_reads_all_that_waits() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path(), &StateOptions::Directory, None).await.unwrap();
        let mut conn = state.read().await.unwrap();
        for sql in [due_sql(), next_sql(), DELETE_DISPATCHES.to_owned(), WAKE.to_owned()] {
            let steps: Vec<Step> = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .bind("")
                .bind("")
                .fetch_all(&mut *conn)
                .await
                .unwrap();
            let steps: Vec<String> = steps.into_iter().map(|step| step.0).collect();
            let reads_all = |step: &String| step.contains("SCAN outbox") && !step.contains("USING COVERING INDEX");
            assert!(!steps.iter().any(reads_all), "{sql}: {steps:#?}");
            assert!(
                !steps.iter().any(|step| step.contains("TEMP B-TREE")),
                "{sql}: {steps:#?}"
            );
            assert!(
                steps.iter().any(|step| step.contains("outbox_by_")),
                "{sql}: {steps:#?}"
            );
        }
    }
}

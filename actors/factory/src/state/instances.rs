//! The processes that nodes run as. An agent makes up a name for itself when it starts: one that is started anew has another, and
//! the one before never comes back. One that does come back runs beside the other, with a copy of its keys.

use super::{Conn, Db};
use sluice_contract::Fault;

/// So many sessions back a process is remembered.
const REMEMBERED: i64 = 64;

/// Notes the session of a process; the machine of the process that had the node in between, if this one has come back.
pub(crate) async fn seen(
    conn: &mut Conn,
    node: &str,
    instance: &str,
    machine: &str,
    epoch: i64,
) -> Result<Option<String>, Fault> {
    // An agent of an older version does not say.
    if instance.is_empty() {
        return Ok(None);
    }
    let known: Vec<(String, String)> =
        sqlx::query_as("SELECT instance, machine FROM node_instances WHERE node = $1 ORDER BY epoch DESC")
            .bind(node)
            .fetch_all(&mut *conn)
            .await
            .db()?;
    sqlx::query(
        "INSERT INTO node_instances (node, instance, machine, epoch) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (node, instance) DO UPDATE SET machine = excluded.machine, epoch = excluded.epoch",
    )
    .bind(node)
    .bind(instance)
    .bind(machine)
    .bind(epoch)
    .execute(&mut *conn)
    .await
    .db()?;
    sqlx::query("DELETE FROM node_instances WHERE node = $1 AND epoch < $2")
        .bind(node)
        .bind(epoch - REMEMBERED)
        .execute(conn)
        .await
        .db()?;
    let came_back = known.iter().skip(1).any(|(known, _)| known == instance);
    Ok(known
        .into_iter()
        .next()
        .map(|(_, machine)| machine)
        .filter(|_| came_back))
}

/// Notes that a node runs twice.
pub(crate) async fn set_cloned(conn: &mut Conn, node: &str, at: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE nodes SET cloned = $2 WHERE id = $1")
        .bind(node)
        .bind(at)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

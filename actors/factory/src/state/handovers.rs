//! Nodes that wait for their gateway's keys, and the sealed keys on their way to them.

use super::{Conn, Db, DbRow, stored};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A node that waits.
#[derive(Clone, Debug)]
pub(crate) struct HandoverRow {
    pub(crate) node: String,
    /// What the keys are sealed to, PEM.
    pub(crate) certificate: String,
    /// The sealed keys; none until somebody approved.
    pub(crate) keys: Vec<String>,
}

impl FromRow<'_, DbRow> for HandoverRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        let keys: String = row.try_get("keys")?;
        Ok(Self {
            node: row.try_get("node")?,
            certificate: row.try_get("certificate")?,
            keys: stored("sealed keys", &keys).map_err(|fault| sqlx::Error::Decode(fault.into()))?,
        })
    }
}

/// A node begins to wait.
pub(crate) async fn ask(conn: &mut Conn, node: &str, certificate: &str) -> Result<(), Fault> {
    sqlx::query("INSERT INTO handovers (node, certificate, asked) VALUES ($1, $2, $3)")
        .bind(node)
        .bind(certificate)
        .bind(now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// What a node waits with.
pub(crate) async fn of_node(conn: &mut Conn, node: &str) -> Result<Option<HandoverRow>, Fault> {
    sqlx::query_as("SELECT node, certificate, keys FROM handovers WHERE node = $1")
        .bind(node)
        .fetch_optional(conn)
        .await
        .db()
}

/// The nodes of a gateway that wait, the oldest first.
pub(crate) async fn of_gateway(conn: &mut Conn, gateway: &str) -> Result<Vec<HandoverRow>, Fault> {
    sqlx::query_as(
        "SELECT handovers.node, handovers.certificate, handovers.keys FROM handovers \
         JOIN nodes ON nodes.id = handovers.node WHERE nodes.gateway = $1 ORDER BY handovers.asked, handovers.node",
    )
    .bind(gateway)
    .fetch_all(conn)
    .await
    .db()
}

/// The keys are on their way.
pub(crate) async fn pass_on(conn: &mut Conn, node: &str, keys: &[String]) -> Result<(), Fault> {
    sqlx::query("UPDATE handovers SET keys = $2 WHERE node = $1")
        .bind(node)
        .bind(super::json(&keys)?)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// The node waits no more.
pub(crate) async fn end(conn: &mut Conn, node: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM handovers WHERE node = $1")
        .bind(node)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

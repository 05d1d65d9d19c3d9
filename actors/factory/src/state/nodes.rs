//! The nodes of gateways.

use super::{Conn, Db, DbRow};
use sluice_contract::Fault;
use sqlx::{FromRow, Row};

/// A registered node.
#[derive(Clone, Debug)]
pub(crate) struct NodeRow {
    pub(crate) id: String,
    pub(crate) gateway: String,
    pub(crate) name: String,
    pub(crate) machine: String,
    pub(crate) version: String,
    pub(crate) fingerprint: String,
    pub(crate) expires: i64,
    /// Its latest session.
    pub(crate) epoch: i64,
    /// Places for jobs, as the node said.
    pub(crate) slots: i64,
    /// `concurrentJobsLimit`, if an administrator set one.
    pub(crate) jobs_limit: Option<i64>,
    pub(crate) registered: i64,
    pub(crate) connected: Option<i64>,
    pub(crate) started: Option<i64>,
    /// SHA-256 of the credential certificates whose keys it holds, as it said itself.
    pub(crate) certificates: Vec<String>,
    /// When it was last noticed that it runs twice.
    pub(crate) cloned: Option<i64>,
}

impl FromRow<'_, DbRow> for NodeRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            gateway: row.try_get("gateway")?,
            name: row.try_get("name")?,
            machine: row.try_get("machine")?,
            version: row.try_get("version")?,
            fingerprint: row.try_get("fingerprint")?,
            expires: row.try_get("expires")?,
            epoch: row.try_get("epoch")?,
            slots: row.try_get("slots")?,
            jobs_limit: row.try_get("jobs_limit")?,
            registered: row.try_get("registered")?,
            connected: row.try_get("connected")?,
            started: row.try_get("started")?,
            certificates: serde_json::from_str(row.try_get("certificates")?).unwrap_or_default(),
            cloned: row.try_get("cloned")?,
        })
    }
}

/// All nodes, of every gateway.
pub(crate) async fn all(conn: &mut Conn) -> Result<Vec<NodeRow>, Fault> {
    sqlx::query_as("SELECT * FROM nodes ORDER BY gateway, registered")
        .fetch_all(conn)
        .await
        .db()
}

/// The nodes of a gateway, the oldest first.
pub(crate) async fn of_gateway(conn: &mut Conn, gateway: &str) -> Result<Vec<NodeRow>, Fault> {
    sqlx::query_as("SELECT * FROM nodes WHERE gateway = $1 ORDER BY registered")
        .bind(gateway)
        .fetch_all(conn)
        .await
        .db()
}

/// Finds one by its id.
pub(crate) async fn by_id(conn: &mut Conn, id: &str) -> Result<Option<NodeRow>, Fault> {
    sqlx::query_as("SELECT * FROM nodes WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one by name.
pub(crate) async fn find(conn: &mut Conn, gateway: &str, name: &str) -> Result<Option<NodeRow>, Fault> {
    sqlx::query_as("SELECT * FROM nodes WHERE gateway = $1 AND name_key = $2")
        .bind(gateway)
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await
        .db()
}

/// Finds one by the SHA-256 of its certificate, also of one that was renewed since and has not ended.
pub(crate) async fn by_fingerprint(conn: &mut Conn, fingerprint: &str) -> Result<Option<NodeRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM nodes WHERE fingerprint = $1 \
         OR id IN (SELECT node FROM superseded_certificates WHERE fingerprint = $1 AND expires > $2)",
    )
    .bind(fingerprint)
    .bind(crate::wire::now())
    .fetch_optional(conn)
    .await
    .db()
}

/// A certificate that was renewed since.
#[derive(Clone, Debug)]
pub(crate) struct Superseded {
    pub(crate) fingerprint: String,
    pub(crate) node: String,
    pub(crate) gateway: String,
    pub(crate) expires: i64,
}

/// The certificates that were renewed and have not ended.
pub(crate) async fn superseded(conn: &mut Conn) -> Result<Vec<Superseded>, Fault> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT s.fingerprint, s.node, nodes.gateway, s.expires FROM superseded_certificates s \
         JOIN nodes ON nodes.id = s.node WHERE s.expires > $1",
    )
    .bind(crate::wire::now())
    .fetch_all(conn)
    .await
    .db()?;
    let row = |(fingerprint, node, gateway, expires)| Superseded {
        fingerprint,
        node,
        gateway,
        expires,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Gives a node another certificate. The one before stays good until its own end; those that have ended are forgotten.
pub(crate) async fn renew(conn: &mut Conn, node: &NodeRow, fingerprint: &str, expires: i64) -> Result<(), Fault> {
    sqlx::query("DELETE FROM superseded_certificates WHERE expires <= $1")
        .bind(crate::wire::now())
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "INSERT INTO superseded_certificates (fingerprint, node, expires) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(&node.fingerprint)
    .bind(&node.id)
    .bind(node.expires)
    .execute(&mut *conn)
    .await
    .db()?;
    sqlx::query("UPDATE nodes SET fingerprint = $2, expires = $3 WHERE id = $1")
        .bind(&node.id)
        .bind(fingerprint)
        .bind(expires)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Notes which credential certificates a node holds.
pub(crate) async fn holds(conn: &mut Conn, id: &str, certificates: &[String]) -> Result<(), Fault> {
    sqlx::query("UPDATE nodes SET certificates = $2 WHERE id = $1")
        .bind(id)
        .bind(super::json(&certificates)?)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Registers a node.
pub(crate) async fn insert(conn: &mut Conn, row: &NodeRow) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO nodes (id, gateway, name, name_key, machine, version, fingerprint, expires, epoch, slots, \
         jobs_limit, registered, connected, started, certificates) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(&row.id)
    .bind(&row.gateway)
    .bind(&row.name)
    .bind(row.name.to_lowercase())
    .bind(&row.machine)
    .bind(&row.version)
    .bind(&row.fingerprint)
    .bind(row.expires)
    .bind(row.epoch)
    .bind(row.slots)
    .bind(row.jobs_limit)
    .bind(row.registered)
    .bind(row.connected)
    .bind(row.started)
    .bind(super::json(&row.certificates)?)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Begins a session: its epoch, which is the next one, and the node's limit of jobs, if there is one; `None` when the node is
/// not registered (any more).
pub(crate) async fn begin_session(
    conn: &mut Conn,
    id: &str,
    version: &str,
    machine: &str,
    slots: i64,
) -> Result<Option<(i64, Option<i64>)>, Fault> {
    sqlx::query_as(
        "UPDATE nodes SET epoch = epoch + 1, version = $2, machine = CASE WHEN $3 = '' THEN machine ELSE $3 END, \
         slots = $4, connected = $5, started = $5 WHERE id = $1 \
         RETURNING epoch, jobs_limit",
    )
    .bind(id)
    .bind(version)
    .bind(machine)
    .bind(slots)
    .bind(crate::wire::now())
    .fetch_optional(conn)
    .await
    .db()
}

/// Notes that a node is connected now.
pub(crate) async fn seen(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE nodes SET connected = $2 WHERE id = $1")
        .bind(id)
        .bind(crate::wire::now())
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Sets `concurrentJobsLimit`.
pub(crate) async fn set_limit(conn: &mut Conn, id: &str, limit: i64) -> Result<(), Fault> {
    sqlx::query("UPDATE nodes SET jobs_limit = $2 WHERE id = $1")
        .bind(id)
        .bind(limit)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Removes a node.
pub(crate) async fn delete(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM nodes WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Remembers where a node registered from.
pub(crate) async fn set_address(conn: &mut Conn, id: &str, address: &str) -> Result<(), Fault> {
    sqlx::query("UPDATE nodes SET address = $2 WHERE id = $1")
        .bind(id)
        .bind(address)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Where a node registered from, if that was remembered.
pub(crate) async fn address(conn: &mut Conn, id: &str) -> Result<Option<String>, Fault> {
    let found: Option<Option<String>> = sqlx::query_scalar("SELECT address FROM nodes WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .db()?;
    Ok(found.flatten())
}

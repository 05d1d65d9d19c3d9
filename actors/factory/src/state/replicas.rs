//! Replicas of the factory on one database, and the nodes that are connected to each. PostgreSQL only: a SQLite file has one
//! factory.

use super::{Conn, Db, json};
use crate::live::NodeMetrics;
use sluice_contract::Fault;
use std::time::Duration;

/// A replica that has not been seen for so long has ended, or stands still; in microseconds.
const GONE: i64 = 10_000_000;

/// A replica, as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaRow {
    pub(crate) id: String,
    /// `https://host:port`.
    pub(crate) rest: String,
    /// `host:port` of the control channel.
    pub(crate) channel: String,
}

/// A node that is connected to some replica.
#[derive(Clone, Debug)]
pub(crate) struct PresentRow {
    pub(crate) node: String,
    pub(crate) gateway: String,
    pub(crate) replica: String,
    /// JSON of the NodeMetrics.
    pub(crate) metrics: Option<String>,
}

/// The clock of the database: the one clock that all replicas see.
pub(crate) async fn clock(conn: &mut Conn) -> Result<i64, Fault> {
    sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
        .fetch_one(conn)
        .await
        .db()
}

/// A replica says that it runs. Those that did not say so for some time are forgotten, and what they were sending is free.
pub(crate) async fn beat(conn: &mut Conn, row: &ReplicaRow) -> Result<(), Fault> {
    let now = clock(conn).await?;
    sqlx::query(
        "INSERT INTO replicas (id, rest, channel, started, seen) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (id) DO UPDATE SET seen = excluded.seen",
    )
    .bind(&row.id)
    .bind(&row.rest)
    .bind(&row.channel)
    .bind(now)
    .execute(&mut *conn)
    .await
    .db()?;
    let gone: Vec<String> = sqlx::query_scalar("SELECT id FROM replicas WHERE seen < $1")
        .bind(now - GONE)
        .fetch_all(&mut *conn)
        .await
        .db()?;
    for id in gone {
        tracing::warn!(replica = id, "A replica of this factory has not been seen for a while");
        forget(conn, &id).await?;
    }
    Ok(())
}

/// A replica has ended: its nodes are not connected to it, and what it was sending is free.
pub(crate) async fn forget(conn: &mut Conn, id: &str) -> Result<(), Fault> {
    for sql in [
        "UPDATE outbox SET holder = '', held_until = 0 WHERE holder = $1",
        "UPDATE web_calls SET holder = '', held_until = 0 WHERE holder = $1",
        "DELETE FROM replicas WHERE id = $1",
    ] {
        sqlx::query(sql).bind(id).execute(&mut *conn).await.db()?;
    }
    Ok(())
}

/// Notes that a node is connected to a replica since a moment; a later connection, to another one, counts more.
pub(crate) async fn connected(
    conn: &mut Conn,
    replica: &str,
    node: &str,
    since: i64,
    metrics: Option<&NodeMetrics>,
) -> Result<(), Fault> {
    sqlx::query(
        // A node that was removed just now is none.
        "INSERT INTO presence (node, replica, since, metrics) SELECT id, $2, $3, $4 FROM nodes WHERE id = $1 \
         ON CONFLICT (node) DO UPDATE SET replica = excluded.replica, since = excluded.since, \
         metrics = COALESCE(excluded.metrics, presence.metrics) \
         WHERE presence.replica = excluded.replica OR presence.since < excluded.since",
    )
    .bind(node)
    .bind(replica)
    .bind(since)
    .bind(metrics.map(json).transpose()?)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// Other nodes than these are not connected to a replica any more.
pub(crate) async fn only(conn: &mut Conn, replica: &str, connected: &[&str]) -> Result<(), Fault> {
    let noted: Vec<String> = sqlx::query_scalar("SELECT node FROM presence WHERE replica = $1")
        .bind(replica)
        .fetch_all(&mut *conn)
        .await
        .db()?;
    for node in noted.iter().filter(|node| !connected.contains(&node.as_str())) {
        sqlx::query("DELETE FROM presence WHERE node = $1 AND replica = $2")
            .bind(node)
            .bind(replica)
            .execute(&mut *conn)
            .await
            .db()?;
    }
    Ok(())
}

/// The replicas that run, the oldest first.
pub(crate) async fn running(conn: &mut Conn) -> Result<Vec<ReplicaRow>, Fault> {
    let now = clock(conn).await?;
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT id, rest, channel FROM replicas WHERE seen >= $1 ORDER BY started, id")
            .bind(now - GONE)
            .fetch_all(conn)
            .await
            .db()?;
    let row = |(id, rest, channel)| ReplicaRow { id, rest, channel };
    Ok(rows.into_iter().map(row).collect())
}

/// The nodes that are connected to any replica.
pub(crate) async fn present(conn: &mut Conn) -> Result<Vec<PresentRow>, Fault> {
    let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(
        "SELECT presence.node, nodes.gateway, presence.replica, presence.metrics FROM presence \
         JOIN nodes ON nodes.id = presence.node",
    )
    .fetch_all(conn)
    .await
    .db()?;
    let row = |(node, gateway, replica, metrics)| PresentRow {
        node,
        gateway,
        replica,
        metrics,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Keeps a node's answer for the replica that asked, and forgets those that nobody fetched.
pub(crate) async fn keep_reply(conn: &mut Conn, request: &str, node: &str, reply: &str) -> Result<(), Fault> {
    let now = crate::wire::now();
    sqlx::query("DELETE FROM probe_replies WHERE created < $1")
        .bind(now - crate::wire::micros(Duration::from_secs(600)))
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query(
        "INSERT INTO probe_replies (request, node, reply, created) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (request) DO NOTHING",
    )
    .bind(request)
    .bind(node)
    .bind(reply)
    .bind(now)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The answer of the node that was asked, if it has come.
pub(crate) async fn reply(conn: &mut Conn, request: &str, node: &str) -> Result<Option<String>, Fault> {
    sqlx::query_scalar("SELECT reply FROM probe_replies WHERE request = $1 AND node = $2")
        .bind(request)
        .bind(node)
        .fetch_optional(conn)
        .await
        .db()
}

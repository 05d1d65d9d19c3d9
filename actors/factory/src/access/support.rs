//! What a factory's database says to whoever looks for a mistake: how many there are of what, which nodes, and who changed
//! what lately. No document is in it, no message of a run, no key and no hash of one.

use super::Access;
use crate::state::audit::{self, Search};
use crate::state::{Conn, Db, gateways, nodes};
use crate::wire::time_text;
use serde_json::{Map, Value, json};
use sluice_contract::Fault;

/// What is counted: a table, and the column it is counted by.
const COUNTED: &[(&str, &str)] = &[
    ("documents", "kind"),
    ("runs", "status"),
    ("activity_runs", "status"),
    ("jobs", "state"),
    ("attempts", "result"),
    ("attempts", "code"),
    ("triggers", "''"),
    ("outbox", "''"),
    ("users", "scope"),
    ("tokens", "scopes"),
];

impl Access {
    /// What is in the database, in figures and names.
    ///
    /// # Errors
    /// `SL9001`.
    pub async fn support(&self) -> Result<Value, Fault> {
        let mut conn = self.0.read().await?;
        let mut counts = Map::new();
        for (table, column) in COUNTED {
            let found = counted(&mut conn, table, column).await?;
            let name = match *column {
                "''" => (*table).to_owned(),
                column => format!("{table} by {column}"),
            };
            counts.insert(name, found);
        }
        let mut all = Vec::new();
        for node in nodes::all(&mut conn).await? {
            let gateway = gateways::by_id(&mut conn, &node.gateway).await?;
            all.push(json!({
                "node": node.name, "id": node.id, "machine": node.machine, "version": node.version, "epoch": node.epoch,
                "gateway": gateway.map(|gateway| gateway.name), "certificateUntil": time_text(node.expires),
                "registered": time_text(node.registered), "connected": node.connected.map(time_text),
            }));
        }
        let newest = audit::search(&mut conn, &Search::default()).await?;
        let newest: Vec<Value> = newest.iter().map(audit::render).collect();
        Ok(json!({ "counts": counts, "nodes": all, "audit": newest }))
    }
}

async fn counted(conn: &mut Conn, table: &str, column: &str) -> Result<Value, Fault> {
    // Both are words of this file.
    let sql = format!("SELECT {column}, count(*) FROM {table} GROUP BY 1 ORDER BY 1");
    let rows: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(conn).await.db()?;
    Ok(match column {
        "''" => json!(rows.first().map_or(0, |(_, count)| *count)),
        _ => Value::Object(rows.into_iter().map(|(word, count)| (word, json!(count))).collect()),
    })
}

//! The audit log: who changed what, when, from where.
//!
//! A request that may change something runs within [`during`]. Its first transaction that commits carries the entry with
//! it, so there is no change without its entry and no entry without its change. What is refused is noted with [`refused`].
//! Bodies never come here, so no secret does.

use super::{Conn, Db, DbRow, State};
use crate::wire::now;
use sluice_contract::Fault;
use sqlx::{FromRow, Row};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// How long entries are kept: 400 days.
const KEPT: i64 = 400 * 86_400_000_000;
/// How many entries a page has.
pub(crate) const PAGE: i64 = 100;

/// An entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) at: i64,
    /// What the actor is: `token`, `client`, `user`, `link`, `node`, `system`, or `nobody`.
    pub(crate) kind: String,
    /// The actor's name.
    pub(crate) actor: String,
    /// The address the request came from.
    pub(crate) address: String,
    /// The operation, such as `PipelinePut`.
    pub(crate) operation: String,
    /// The path it was for.
    pub(crate) target: String,
    /// `done` or `refused`.
    pub(crate) outcome: String,
    /// A few words more, where they help.
    pub(crate) detail: String,
}

impl FromRow<'_, DbRow> for Entry {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            at: row.try_get("at")?,
            kind: row.try_get("kind")?,
            actor: row.try_get("actor")?,
            address: row.try_get("address")?,
            operation: row.try_get("operation")?,
            target: row.try_get("target")?,
            outcome: row.try_get("outcome")?,
            detail: row.try_get("detail")?,
        })
    }
}

type Pending = Arc<Mutex<Option<Entry>>>;

tokio::task_local! {
    static PENDING: Pending;
}

/// Runs a request whose first commit carries this entry.
pub(crate) async fn during<T>(entry: Entry, request: impl Future<Output = T>) -> T {
    PENDING.scope(Arc::new(Mutex::new(Some(entry))), request).await
}

/// Adds to the entry of the request that this is called from.
pub(crate) fn describe(change: impl FnOnce(&mut Entry)) {
    let _ = PENDING.try_with(|pending| {
        if let Some(entry) = pending.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            change(entry);
        }
    });
}

/// Writes the entry of the request that this is called from, once.
pub(super) async fn carry(conn: &mut Conn) -> Result<(), Fault> {
    let entry = PENDING
        .try_with(|pending| pending.lock().unwrap_or_else(PoisonError::into_inner).take())
        .ok()
        .flatten();
    match entry {
        Some(entry) => insert(conn, &entry, "done").await,
        None => Ok(()),
    }
}

/// Notes what somebody was not allowed to do, in place of the entry of the request that this is called from. A database that fails is the log's business, not the caller's.
pub(crate) async fn refused(state: &State, entry: &Entry) {
    // The commit below is the refusal's own: it must not carry along that the request was done.
    let _ = PENDING.try_with(|pending| pending.lock().unwrap_or_else(PoisonError::into_inner).take());
    let write = async {
        let mut tx = state.write().await?;
        insert(&mut tx, entry, "refused").await?;
        tx.commit().await
    };
    if let Err(fault) = write.await {
        tracing::error!(%fault, actor = entry.actor, operation = entry.operation, "A refusal could not be noted");
    }
}

pub(crate) async fn insert(conn: &mut Conn, entry: &Entry, outcome: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO audit (id, at, kind, actor, address, operation, target, outcome, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(now())
    .bind(&entry.kind)
    .bind(cut(&entry.actor, 200))
    .bind(&entry.address)
    .bind(&entry.operation)
    .bind(cut(&entry.target, 1000))
    .bind(outcome)
    .bind(cut(&entry.detail, 500))
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// What is looked for; empty members do not count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) actor: String,
    /// A part of the target or the operation, in any case.
    pub(crate) text: String,
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    /// Only entries older than this one: the last of the page before.
    pub(crate) behind: Option<(i64, String)>,
}

/// The newest entries that fit, one more than a page has.
pub(crate) async fn search(conn: &mut Conn, search: &Search) -> Result<Vec<Entry>, Fault> {
    let (before_at, before_id) = match &search.behind {
        Some((at, id)) => (*at, id.as_str()),
        None => (i64::MAX, ""),
    };
    let pattern = format!("%{}%", search.text.to_lowercase().replace(['%', '_'], ""));
    let by_actor = if search.actor.is_empty() {
        "$1 = ''"
    } else {
        "actor = $1"
    };
    let sql = format!(
        "SELECT id, at, kind, actor, address, operation, target, outcome, detail FROM audit WHERE {by_actor} \
         AND at >= $2 AND at <= $3 AND at <= $4 AND (at < $4 OR id < $5) \
         AND (LOWER(target) LIKE $6 OR LOWER(operation) LIKE $6) ORDER BY at DESC, id DESC LIMIT $7"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&search.actor)
        .bind(search.after.unwrap_or(i64::MIN))
        .bind(search.before.unwrap_or(i64::MAX))
        .bind(before_at)
        .bind(before_id)
        .bind(pattern)
        .bind(PAGE + 1)
        .fetch_all(conn)
        .await
        .db()
}

/// Forgets what is older than 400 days.
pub(crate) async fn forget_old(conn: &mut Conn) -> Result<(), Fault> {
    sqlx::query("DELETE FROM audit WHERE at < $1")
        .bind(now() - KEPT)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// An entry as it is shown.
pub(crate) fn render(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "at": crate::wire::time_text(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "address": entry.address,
        "operation": entry.operation,
        "target": entry.target,
        "outcome": entry.outcome,
        "detail": entry.detail,
    })
}

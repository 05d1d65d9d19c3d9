//! Triggers of files: how far each has looked, and what it knows of its store.

use super::{Conn, Database, Db, DbRow, placeholders};
use sluice_contract::Fault;
use sqlx::{AssertSqlSafe, FromRow, Row};

/// It was there when the trigger was started, or was told.
pub(crate) const KNOWN: &str = "known";
/// It has come or changed, and may still be written.
pub(crate) const NEW: &str = "new";
/// It has come and stands still: it has to be told.
pub(crate) const ARRIVED: &str = "arrived";
/// It was not there in one look.
pub(crate) const MISSING: &str = "missing";
/// It was not there in two: it has to be told.
pub(crate) const GONE: &str = "gone";

/// Rows in one statement: their values stay below what both databases take.
const PORTION: usize = 100;

/// A trigger's watch; there is one while it is started.
#[derive(Clone, Debug)]
pub(crate) struct WatchRow {
    pub(crate) trigger: String,
    pub(crate) since: i64,
    /// All that was there at the start is known.
    pub(crate) ready: bool,
    /// The look under way; empty when there is none.
    pub(crate) look: String,
    /// Which node was asked, and in which of its sessions.
    pub(crate) node: String,
    pub(crate) epoch: i64,
    /// JSON array: the parts that have come.
    pub(crate) parts: String,
    /// When the next look begins, or this one has taken too long; 0: a pause from now.
    pub(crate) next: i64,
    /// When the last one was complete.
    pub(crate) looked: Option<i64>,
    /// Why the last one was not.
    pub(crate) message: String,
}

impl FromRow<'_, DbRow> for WatchRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            trigger: row.try_get("trigger_id")?,
            since: row.try_get("since")?,
            ready: row.try_get::<i64, _>("ready")? != 0,
            look: row.try_get("look")?,
            node: row.try_get("node")?,
            epoch: row.try_get("epoch")?,
            parts: row.try_get("parts")?,
            next: row.try_get("next")?,
            looked: row.try_get("looked")?,
            message: row.try_get("message")?,
        })
    }
}

/// A file that a trigger knows.
#[derive(Clone, Debug)]
pub(crate) struct FileRow {
    pub(crate) path: String,
    pub(crate) size: i64,
    /// Size, time and version.
    pub(crate) stamp: String,
    pub(crate) state: String,
    /// The look that brought it into this state.
    pub(crate) look: String,
    /// Another one each time that the file comes.
    pub(crate) arrival: String,
}

impl FromRow<'_, DbRow> for FileRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            path: row.try_get("path")?,
            size: row.try_get("size")?,
            stamp: row.try_get("stamp")?,
            state: row.try_get("state")?,
            look: row.try_get("look")?,
            arrival: row.try_get("arrival")?,
        })
    }
}

/// A trigger begins to watch at a moment, and knows nothing.
pub(crate) async fn begin(conn: &mut Conn, trigger: &str, since: i64) -> Result<(), Fault> {
    end(conn, trigger).await?;
    sqlx::query(
        "INSERT INTO watches (trigger_id, since, ready, look, node, epoch, parts, next, message) \
         VALUES ($1, $2, 0, '', '', 0, '[]', 1, '')",
    )
    .bind(trigger)
    .bind(since)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// A trigger watches no more, and forgets what it knew.
pub(crate) async fn end(conn: &mut Conn, trigger: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM watches WHERE trigger_id = $1")
        .bind(trigger)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// A trigger's watch, while it is started.
pub(crate) async fn find(conn: &mut Conn, trigger: &str) -> Result<Option<WatchRow>, Fault> {
    sqlx::query_as("SELECT * FROM watches WHERE trigger_id = $1")
        .bind(trigger)
        .fetch_optional(conn)
        .await
        .db()
}

/// The watch that waits for the parts of a look.
pub(crate) async fn of_look(conn: &mut Conn, look: &str) -> Result<Option<WatchRow>, Fault> {
    sqlx::query_as("SELECT * FROM watches WHERE look = $1")
        .bind(look)
        .fetch_optional(conn)
        .await
        .db()
}

/// Writes how far it has looked.
pub(crate) async fn update(conn: &mut Conn, row: &WatchRow) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE watches SET ready = $2, look = $3, node = $4, epoch = $5, parts = $6, next = $7, looked = $8, \
         message = $9 WHERE trigger_id = $1",
    )
    .bind(&row.trigger)
    .bind(i64::from(row.ready))
    .bind(&row.look)
    .bind(&row.node)
    .bind(row.epoch)
    .bind(&row.parts)
    .bind(row.next)
    .bind(row.looked)
    .bind(&row.message)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

/// The files behind one path up to another one.
pub(crate) async fn between(
    conn: &mut Conn,
    trigger: &str,
    after: Option<&str>,
    until: Option<&str>,
) -> Result<Vec<FileRow>, Fault> {
    // Nothing is before the empty text.
    sqlx::query_as(
        "SELECT * FROM watched_files WHERE trigger_id = $1 AND path > $2 AND ($3 = 1 OR path <= $4) ORDER BY path",
    )
    .bind(trigger)
    .bind(after.unwrap_or_default())
    .bind(i64::from(until.is_none()))
    .bind(until.unwrap_or_default())
    .fetch_all(conn)
    .await
    .db()
}

/// The first of those that have to be told.
pub(crate) async fn to_tell(conn: &mut Conn, trigger: &str, most: i64) -> Result<Vec<FileRow>, Fault> {
    sqlx::query_as(
        "SELECT * FROM watched_files WHERE trigger_id = $1 AND state IN ('arrived', 'gone') ORDER BY path LIMIT $2",
    )
    .bind(trigger)
    .bind(most)
    .fetch_all(conn)
    .await
    .db()
}

/// Writes files, known before or not.
pub(crate) async fn put(conn: &mut Conn, trigger: &str, rows: &[FileRow]) -> Result<(), Fault> {
    for rows in rows.chunks(PORTION) {
        let sql = format!(
            "INSERT INTO watched_files (trigger_id, path, size, stamp, state, look, arrival) VALUES {} \
             ON CONFLICT (trigger_id, path) DO UPDATE SET size = excluded.size, stamp = excluded.stamp, \
             state = excluded.state, look = excluded.look, arrival = excluded.arrival",
            placeholders(rows.len(), 7)
        );
        let mut query = sqlx::query::<Database>(AssertSqlSafe(sql));
        for row in rows {
            query = query
                .bind(trigger)
                .bind(&row.path)
                .bind(row.size)
                .bind(&row.stamp)
                .bind(&row.state)
                .bind(&row.look)
                .bind(&row.arrival);
        }
        query.execute(&mut *conn).await.db()?;
    }
    Ok(())
}

/// Forgets a file.
pub(crate) async fn forget(conn: &mut Conn, trigger: &str, path: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM watched_files WHERE trigger_id = $1 AND path = $2")
        .bind(trigger)
        .bind(path)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

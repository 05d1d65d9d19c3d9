//! Single values.

use super::{Conn, Db};
use sluice_contract::Fault;

/// The value of a name, if it has one.
pub(crate) async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, Fault> {
    sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await
        .db()
}

/// The value of a name; `fresh` becomes it when there is none.
pub(crate) async fn get_or_set(conn: &mut Conn, name: &str, fresh: &str) -> Result<String, Fault> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(fresh)
        .execute(&mut *conn)
        .await
        .db()?;
    sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_one(conn)
        .await
        .db()
}

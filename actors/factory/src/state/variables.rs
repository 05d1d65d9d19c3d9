//! The variables of runs. An appended value is a row of its own: a loop that appends to an array does not write the
//! array again and again.

use super::{Conn, Db, json, stored};
use serde_json::Value;
use sluice_contract::Fault;

/// What was set and appended: the value at place 0, if there is one, and what follows it.
pub(crate) async fn read(conn: &mut Conn, run: &str, name: &str) -> Result<(Option<Value>, Vec<Value>), Fault> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT place, value FROM run_variables WHERE run = $1 AND name_key = $2 ORDER BY place")
            .bind(run)
            .bind(name.to_lowercase())
            .fetch_all(conn)
            .await
            .db()?;
    let (mut set, mut appended) = (None, Vec::with_capacity(rows.len()));
    for (place, text) in rows {
        let value = stored("a variable", &text)?;
        match place {
            0 => set = Some(value),
            _ => appended.push(value),
        }
    }
    Ok((set, appended))
}

/// Sets one.
pub(crate) async fn set(conn: &mut Conn, run: &str, name: &str, value: &Value) -> Result<(), Fault> {
    sqlx::query("DELETE FROM run_variables WHERE run = $1 AND name_key = $2")
        .bind(run)
        .bind(name.to_lowercase())
        .execute(&mut *conn)
        .await
        .db()?;
    insert(conn, run, name, 0, value).await
}

/// Appends to one.
pub(crate) async fn append(conn: &mut Conn, run: &str, name: &str, value: &Value) -> Result<(), Fault> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT place FROM run_variables WHERE run = $1 AND name_key = $2 ORDER BY place DESC LIMIT 1",
    )
    .bind(run)
    .bind(name.to_lowercase())
    .fetch_optional(&mut *conn)
    .await
    .db()?;
    insert(conn, run, name, last.unwrap_or_default() + 1, value).await
}

async fn insert(conn: &mut Conn, run: &str, name: &str, place: i64, value: &Value) -> Result<(), Fault> {
    sqlx::query("INSERT INTO run_variables (run, name_key, place, value) VALUES ($1, $2, $3, $4)")
        .bind(run)
        .bind(name.to_lowercase())
        .bind(place)
        .bind(json(value)?)
        .execute(conn)
        .await
        .db()?;
    Ok(())
}

/// Gives a run the variables of another one.
pub(crate) async fn copy(conn: &mut Conn, from: &str, to: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO run_variables (run, name_key, place, value) \
         SELECT $2, name_key, place, value FROM run_variables WHERE run = $1",
    )
    .bind(from)
    .bind(to)
    .execute(conn)
    .await
    .db()?;
    Ok(())
}

//! Running statements on a thread of their own, which is interrupted when nobody waits for it any more.

use crate::database::{blocking, open_to_write};
use crate::errors;
use crate::names;
use async_trait::async_trait;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Batch, Connection, InterruptHandle, Statement};
use serde_json::Value;
use sluice_contract::{Code, Fault};
use sluice_store_core::json;
use sluice_store_core::statements::{Asked, Block, Direction, Gather, Limits, Parameter, Ran, Statements, not_served};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

const DOING: &str = "running a statement";

pub(crate) struct SqliteStatements(pub(crate) PathBuf);

/// Interrupts whatever runs when it is dropped.
#[derive(Default)]
struct Stop(Arc<Mutex<Option<InterruptHandle>>>);

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(handle) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            handle.interrupt();
        }
    }
}

#[async_trait]
impl Statements for SqliteStatements {
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault> {
        let blocks = blocks(asked)?;
        let path = self.0.clone();
        let stop = Stop::default();
        let handle = Arc::clone(&stop.0);
        let set = move |to: Option<InterruptHandle>| *handle.lock().unwrap_or_else(PoisonError::into_inner) = to;
        blocking(move || {
            let connection = open_to_write(&path, false)?;
            set(Some(connection.get_interrupt_handle()));
            let ran = run(&connection, &blocks, limits);
            set(None);
            ran
        })
        .await
    }
}

fn blocks(asked: Asked) -> Result<Vec<Block>, Fault> {
    match asked {
        Asked::Blocks(blocks) => Ok(blocks),
        Asked::Table(dataset) => {
            let table = names::table_of(&dataset).ok_or_else(|| {
                let text = "the dataset names no table, and there is no query";
                Fault::new(Code::PropertyMissing, text)
            })?;
            Ok(vec![Block {
                text: format!("SELECT * FROM {}", names::quote(&table)),
                query: true,
                ..Block::default()
            }])
        }
        Asked::Procedure { .. } => Err(not_served("SQLite has no stored procedures")),
    }
}

fn run(connection: &Connection, blocks: &[Block], limits: Limits) -> Result<Ran, Fault> {
    let failed = |error| errors::fault(DOING, &error);
    let mut gather = Gather::new(limits);
    let mut affected = None;
    for block in blocks {
        if block
            .parameters
            .iter()
            .any(|parameter| parameter.direction != Direction::Input)
        {
            return Err(not_served("output parameters in SQLite: select the value"));
        }
        let mut batch = Batch::new(connection, &block.text);
        while let Some(mut statement) = batch.next().map_err(failed)? {
            bind(&mut statement, &block.parameters).map_err(failed)?;
            let columns = statement.column_count();
            if columns == 0 {
                let before = connection.total_changes();
                statement.raw_execute().map_err(failed)?;
                affected = Some(affected.unwrap_or(0) + connection.total_changes().saturating_sub(before));
                continue;
            }
            if block.query {
                gather.begin(statement.column_names());
            }
            let mut rows = statement.raw_query();
            // All of it is run, whatever there is room for: it may change something, with RETURNING.
            while let Some(row) = rows.next().map_err(failed)? {
                if block.query && gather.has_room() {
                    let values: rusqlite::Result<Vec<Value>> =
                        (0..columns).map(|place| row.get_ref(place).map(shown)).collect();
                    gather.push(values.map_err(failed)?);
                }
                if gather.is_over() {
                    return Ok(ran(gather, affected));
                }
            }
        }
    }
    Ok(ran(gather, affected))
}

fn ran(gather: Gather, affected: Option<u64>) -> Ran {
    Ran {
        sets: gather.done(),
        affected,
        ..Ran::default()
    }
}

/// Binds what the statement names; `@a`, `:a` and `$a` are all the parameter `a`.
fn bind(statement: &mut Statement<'_>, parameters: &[Parameter]) -> rusqlite::Result<()> {
    for place in 1..=statement.parameter_count() {
        let name = statement.parameter_name(place).map(|name| name[1..].to_owned());
        let found = match &name {
            // `?1` and `?` go by their place.
            Some(name) if name.parse::<usize>().is_err() => parameters.iter().find(|known| known.name == *name),
            _ => parameters.get(place - 1),
        };
        let value = found.map_or(Stored::Null, |parameter| stored(&parameter.value));
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(flag) => Stored::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Stored::Integer(whole),
            (None, Some(fraction)) => Stored::Real(fraction),
            (None, None) => Stored::Text(number.to_string()),
        },
        Value::String(text) => Stored::Text(text.clone()),
        other => Stored::Text(other.to_string()),
    }
}

fn shown(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => json::float(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json::binary(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIMITS: Limits = Limits {
        rows: 10,
        bytes: 10_000,
        stop: false,
    };

    fn block(text: &str, query: bool) -> Block {
        Block {
            text: text.into(),
            query,
            parameters: vec![Parameter {
                name: "a".into(),
                value: json!("x'; DROP TABLE t --"),
                ..Parameter::default()
            }],
        }
    }

    #[tokio::test]
    async fn blocks_run_in_order_with_their_parameters() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Connection::open(&path).unwrap();
        let blocks = vec![
            block(
                "CREATE TABLE t (a TEXT, n INTEGER, f REAL, b BLOB); INSERT INTO t VALUES (@a, 9223372036854775807, 0.5, x'00ff'), (NULL, 2, NULL, NULL)",
                false,
            ),
            block(
                "SELECT * FROM t ORDER BY n DESC; SELECT count(*) FROM t WHERE a = :a",
                true,
            ),
        ];
        let ran = SqliteStatements(path).run(Asked::Blocks(blocks), LIMITS).await.unwrap();
        assert_eq!(ran.affected, Some(2));
        let first = json!({"a": "x'; DROP TABLE t --", "n": i64::MAX, "f": 0.5, "b": "AP8="});
        assert_eq!(json!(ran.sets[0].rows[0]), first);
        assert_eq!(
            json!(ran.sets[0].rows[1]),
            json!({"a": null, "n": 2, "f": null, "b": null})
        );
        assert_eq!(json!(ran.sets[1].rows), json!([{"count(*)": 1}]));
    }

    #[tokio::test]
    async fn what_is_not_waited_for_is_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Connection::open(&path).unwrap();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let statements = SqliteStatements(path);
        let running = statements.run(Asked::Blocks(vec![block(endless, true)]), LIMITS);
        let stopped = tokio::time::timeout(std::time::Duration::from_millis(200), running).await;
        // The runtime waits for its blocking threads at the end of this test: it would never end.
        assert!(stopped.is_err());
    }
}

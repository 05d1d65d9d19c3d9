//! A SQLite database.

use super::super::data::edge_values_without;
use super::super::place::{Place, properties};
use futures::FutureExt;
use rusqlite::Connection;
use serde_json::json;
use sluice_contract::Code;

pub(in super::super) async fn sqlite() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL")
        .unwrap();
    let asked = path.clone();
    Place {
        connector: sluice_store_sqlite::connector(),
        properties: properties("Sqlite", json!({ "path": path }), &[]),
        wrong_login: None,
        dataset_kind: "SqliteTable",
        dataset: Box::new(|name| json!({ "table": name })),
        source: json!({ "type": "SqliteSource" }),
        sink: json!({ "type": "SqliteSink", "tableOption": "autoCreate" }),
        missing: Code::TableNotFound,
        fences_staging: true,
        // What SQLite has types for. It has no NaN, and its dates are texts.
        data: edge_values_without(&["small", "mid", "real", "double", "day", "clock", "local", "moment"]),
        holds: Box::new(move || {
            let asked = asked.clone();
            async move {
                let connection = Connection::open(asked).unwrap();
                let mut tables = connection
                    .prepare(
                        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                         AND name <> 'sluice_commit' ORDER BY name",
                    )
                    .unwrap();
                let names = tables.query_map([], |row| row.get(0)).unwrap();
                names.map(Result::unwrap).collect()
            }
            .boxed()
        }),
        _alive: Box::new(dir),
    }
}

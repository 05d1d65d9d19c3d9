//! PostgreSQL with passwords.

use super::super::data::edge_values;
use super::super::place::{Place, properties};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::sync::Arc;

pub(in super::super) async fn postgres() -> Place {
    sluice_tests::init_tls();
    let server = Arc::new(Postgres::start());
    server.sql("CREATE SCHEMA \"Odd Näme\"").await;
    let with = |password: &str| {
        let public = json!({
            "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 });
        properties("PostgreSqlV2", public, &[("password", password)])
    };
    let asked = server.clone();
    Place {
        connector: sluice_store_postgres::connector(),
        properties: with(PASSWORD),
        wrong_login: Some(with("canary-wrong")),
        dataset_kind: "PostgreSqlV2Table",
        dataset: Box::new(|name| json!({ "schema": "Odd Näme", "table": name })),
        source: json!({ "type": "PostgreSqlV2Source" }),
        sink: json!({ "type": "PostgreSqlV2Sink", "tableOption": "autoCreate" }),
        missing: Code::TableNotFound,
        fences_staging: true,
        data: edge_values(),
        holds: Box::new(move || {
            let asked = asked.clone();
            async move {
                // The table that remembers published jobs is there to stay.
                let list = "SELECT coalesce(string_agg(oid::regclass::text, E'\\n' ORDER BY oid), '') FROM pg_class \
                    WHERE relkind IN ('r', 'v', 'm', 'S') AND relname <> 'sluice_commit' AND relnamespace IN \
                    (SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')";
                let names = asked.one(list).await;
                names.lines().map(str::to_owned).collect()
            }
            .boxed()
        }),
        _alive: Box::new(server),
    }
}

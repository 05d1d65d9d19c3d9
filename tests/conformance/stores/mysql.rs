//! MariaDB with passwords.

use super::super::data::edge_values_without;
use super::super::place::{Place, properties};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::mariadb::{MariaDb, PASSWORD, USER};
use std::sync::Arc;

pub(in super::super) async fn mariadb() -> Place {
    sluice_tests::init_tls();
    let server = Arc::new(MariaDb::start());
    server.sql(&["CREATE DATABASE `Odd Näme`"]).await;
    let with = |password: &str| {
        let public = json!({
            "server": "127.0.0.1", "port": server.port, "database": "Odd Näme", "username": USER, "sslMode": 0 });
        properties("MariaDB", public, &[("password", password)])
    };
    let asked = server.clone();
    Place {
        connector: sluice_store_mysql::connector(),
        properties: with(PASSWORD),
        wrong_login: Some(with("canary-wrong")),
        dataset_kind: "MariaDBTable",
        dataset: Box::new(|name| json!({ "tableName": name })),
        // A table that a copy has made has no primary key, by which it would be split.
        source: json!({ "type": "MariaDBSource", "partitionOption": "DynamicRange",
            "partitionSettings": { "partitionColumnName": "id" } }),
        sink: json!({ "type": "MariaDBSink", "tableOption": "autoCreate" }),
        missing: Code::TableNotFound,
        fences_staging: true,
        // It has no NaN and no infinities, and its timestamps end in 2038: see tests/mysql.
        data: edge_values_without(&["real", "double", "finite", "moment"]),
        holds: Box::new(move || {
            let asked = asked.clone();
            async move {
                // The table that remembers published jobs is there to stay.
                let list = "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES \
                    WHERE TABLE_SCHEMA IN ('Odd Näme', 'shop') AND TABLE_NAME <> 'sluice_commit' ORDER BY 1";
                asked.rows(list).await
            }
            .boxed()
        }),
        _alive: Box::new(server),
    }
}

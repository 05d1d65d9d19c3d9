//! The tests' own TDS peer, over TLS with a certificate of a private authority.

use super::super::data::edge_values_without;
use super::super::place::{Place, properties};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::tds::{DATABASE, PASSWORD, TdsPeer, USER};
use std::sync::Arc;

pub(in super::super) async fn sqlserver() -> Place {
    let peer = Arc::new(TdsPeer::start());
    peer.sql("CREATE SCHEMA [Odd Näme]");
    let with = |password: &str| {
        let public = json!({
            "server": format!("tcp:127.0.0.1,{}", peer.port), "database": DATABASE, "userName": USER, "encrypt": "mandatory",
            "caCertificate": peer.identity.ca_pem });
        properties("SqlServer", public, &[("password", password)])
    };
    let asked = peer.clone();
    Place {
        connector: sluice_store_sqlserver::connector(),
        properties: with(PASSWORD),
        wrong_login: Some(with("canary-wrong")),
        dataset_kind: "SqlServerTable",
        dataset: Box::new(|name| json!({ "schema": "Odd Näme", "table": name })),
        source: json!({ "type": "SqlServerSource" }),
        sink: json!({ "type": "SqlServerSink", "tableOption": "autoCreate" }),
        missing: Code::TableNotFound,
        fences_staging: true,
        // SQL Server has neither NaN nor infinity; other floats are in the connector's own tests.
        data: edge_values_without(&["real", "double", "finite"]),
        holds: Box::new(move || {
            let asked = asked.clone();
            // The table that remembers published jobs is there to stay.
            async move {
                asked
                    .tables()
                    .into_iter()
                    .filter(|name| !name.ends_with(".sluice_commit"))
                    .collect()
            }
            .boxed()
        }),
        _alive: Box::new(peer),
    }
}

//! The documents of the quickstart, as a user would write them.

use serde_json::{Value, json};
use std::path::Path;

pub(super) const GATEWAY: &str = "onprem";
pub(super) const PIPELINE: &str = "CopyOrders";
pub(super) const FILE: &str = "orders.parquet";

pub(super) fn gateway() -> Value {
    json!({ "properties": { "type": "SelfHosted", "description": "The gateway of the quickstart" } })
}

/// Kind, name and document, in the order in which they have to be made.
pub(super) fn all(database: &Path, lake: &Path) -> Vec<(&'static str, &'static str, Value)> {
    let via = json!({ "referenceName": GATEWAY, "type": "IntegrationRuntimeReference" });
    let in_service = |name: &str| json!({ "referenceName": name, "type": "LinkedServiceReference" });
    let dataset = |name: &str| json!([{ "referenceName": name, "type": "DatasetReference" }]);
    vec![
        (
            "linkedservices",
            "OrdersDb",
            json!({ "properties": { "type": "Sqlite", "connectVia": via, "typeProperties": { "path": database } } }),
        ),
        (
            "linkedservices",
            "Lake",
            json!({ "properties": { "type": "FileServer", "connectVia": via, "typeProperties": { "host": lake } } }),
        ),
        (
            "datasets",
            "OrdersTable",
            json!({ "properties": {
                "type": "SqliteTable", "linkedServiceName": in_service("OrdersDb"), "typeProperties": { "table": "orders" } } }),
        ),
        (
            "datasets",
            "OrdersParquet",
            json!({ "properties": {
                "type": "Parquet", "linkedServiceName": in_service("Lake"),
                "typeProperties": { "location": { "type": "FileServerLocation", "fileName": FILE }, "compressionCodec": "snappy" } } }),
        ),
        (
            "pipelines",
            PIPELINE,
            json!({ "properties": { "activities": [{
                "name": "CopyOrdersToLake", "type": "Copy",
                "policy": { "timeout": "0.01:00:00", "retry": 1, "retryIntervalInSeconds": 30 },
                "inputs": dataset("OrdersTable"), "outputs": dataset("OrdersParquet"),
                "typeProperties": { "source": { "type": "SqliteSource" }, "sink": { "type": "ParquetSink" }, "parallelCopies": 2 } }] } }),
        ),
    ]
}

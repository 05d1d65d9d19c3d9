//! The list of operations of the provider.

use super::reply;
use axum::response::Response;
use serde_json::{Value, json};

const OPERATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "factories/read",
        "Data Factory",
        "Read Data Factory",
        "Reads Data Factory.",
    ),
    (
        "factories/write",
        "Data Factory",
        "Create or Update Data Factory",
        "Creates or updates Data Factory.",
    ),
    (
        "factories/delete",
        "Data Factory",
        "Delete Data Factory",
        "Deletes Data Factory.",
    ),
    (
        "factories/integrationruntimes/read",
        "Integration Runtime",
        "Read Integration Runtime",
        "Reads any Integration Runtime.",
    ),
    (
        "factories/integrationruntimes/write",
        "Integration Runtime",
        "Create or Update Integration Runtime",
        "Creates or updates any Integration Runtime.",
    ),
    (
        "factories/linkedservices/read",
        "Linked Service",
        "Read Linked Service",
        "Reads Linked Service.",
    ),
    (
        "factories/linkedservices/write",
        "Linked Service",
        "Create or Update Linked Service",
        "Creates or updates Linked Service.",
    ),
    (
        "factories/datasets/read",
        "Dataset",
        "Read Dataset",
        "Reads any Dataset.",
    ),
    (
        "factories/datasets/write",
        "Dataset",
        "Create or Update Dataset",
        "Creates or updates any Dataset.",
    ),
    (
        "factories/pipelines/read",
        "Pipeline",
        "Read Pipeline",
        "Reads Pipeline.",
    ),
    (
        "factories/pipelines/write",
        "Pipeline",
        "Create or Update Pipeline",
        "Creates or updates Pipeline.",
    ),
    (
        "factories/pipelines/createrun/action",
        "Pipeline",
        "Create Pipeline Run",
        "Creates a run for the Pipeline.",
    ),
    (
        "factories/pipelineruns/read",
        "Pipeline Run",
        "Read Pipeline Runs",
        "Reads the Pipeline Runs.",
    ),
    (
        "factories/pipelineruns/cancel/action",
        "Pipeline Run",
        "Cancel Pipeline Run",
        "Cancels the pipeline run.",
    ),
];

/// `GET /providers/Microsoft.DataFactory/operations`.
pub(crate) fn list() -> Response {
    let items: Vec<Value> = OPERATIONS
        .iter()
        .map(|(name, resource, operation, description)| {
            json!({
                "name": format!("Microsoft.DataFactory/{name}"),
                "origin": "user,system",
                "display": {
                    "provider": "Microsoft Azure Data Factory",
                    "resource": resource,
                    "operation": operation,
                    "description": description,
                },
            })
        })
        .collect();
    reply::json_reply(json!({ "value": items }))
}

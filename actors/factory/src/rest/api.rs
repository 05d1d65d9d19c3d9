//! The OpenAPI document, made from the routes: what is served is described, and nothing else.

use super::operation::Op;
use super::{reply, route};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How the contract spells what routes have in lower case.
const SPELLING: &[&str] = &[
    "resourceGroups",
    "Microsoft.DataFactory",
    "integrationRuntimes",
    "globalParameters",
    "dataFlows",
    "listAuthKeys",
    "regenerateAuthKey",
    "getStatus",
    "getConnectionInfo",
    "monitoringData",
    "syncCredentials",
    "removeLinks",
    "ipAddress",
    "testConnection",
    "createRun",
    "pipelineRuns",
    "queryPipelineRuns",
    "queryActivityRuns",
    "getFeatureValue",
    "queryFeaturesValue",
    "getDataPlaneAccess",
    "triggerRuns",
    "queryTriggers",
    "getEventSubscriptionStatus",
    "subscribeToEvents",
    "unsubscribeFromEvents",
    "queryTriggerRuns",
    "regenerateKey",
    "setActivePeriod",
    "setSliceStatus",
    "setStatus",
];

/// What the name behind a segment is called.
const NAMES: &[(&str, &str)] = &[
    ("subscriptions", "subscriptionId"),
    ("resourcegroups", "resourceGroupName"),
    ("factories", "factoryName"),
    ("datafactories", "dataFactoryName"),
    ("gateways", "gatewayName"),
    ("tables", "tableName"),
    ("datapipelines", "dataPipelineName"),
    ("locations", "locationId"),
    ("integrationruntimes", "integrationRuntimeName"),
    ("nodes", "nodeName"),
    ("linkedservices", "linkedServiceName"),
    ("datasets", "datasetName"),
    ("pipelines", "pipelineName"),
    ("dataflows", "dataFlowName"),
    ("credentials", "credentialName"),
    ("globalparameters", "globalParameterName"),
    ("triggers", "triggerName"),
    ("pipelineruns", "runId"),
    ("v1", "activityRunId"),
    ("triggerruns", "runId"),
    ("datafactories", "dataFactoryName"),
    ("gateways", "gatewayName"),
    ("tables", "tableName"),
    ("datapipelines", "pipelineName"),
];

/// `GET /openapi.json`.
pub(super) fn page() -> Response {
    reply::json_reply(document())
}

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut ids = BTreeSet::new();
    for route in route::all() {
        let (path, parameters) = path(&route.segments);
        let mut described = operation(route.method, route.op, &route.segments, &parameters);
        // An operation may be there under several paths, and ids are unique.
        let name = route.op.name();
        let mut id = name.clone();
        let mut nth = 1;
        while !ids.insert(id.clone()) {
            nth += 1;
            id = format!("{name}{nth}");
        }
        described["operationId"] = id.into();
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_lowercase(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sluice factory",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Azure Data Factory's contract, api-version 2018-06-01, as far as docs/adf.md says, and a few \
                            operations of our own. Paths are matched without regard to case. Documents are kept as they are \
                            sent. Errors carry a code of docs/errors.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `sluice factory token create`, or of the token endpoint." },
            },
            "schemas": {
                "Document": { "type": "object", "additionalProperties": true },
                "List": {
                    "type": "object",
                    "properties": {
                        "value": { "type": "array", "items": { "$ref": "#/components/schemas/Document" } },
                        "nextLink": { "type": "string", "format": "uri" },
                        "continuationToken": { "type": "string" },
                    },
                    "required": ["value"],
                },
                "Error": {
                    "type": "object",
                    "properties": { "error": {
                        "type": "object",
                        "properties": { "code": { "type": "string" }, "message": { "type": "string" } },
                        "required": ["code", "message"],
                    } },
                    "required": ["error"],
                },
            },
        },
    })
}

fn spelled(segment: &str) -> String {
    let known = SPELLING.iter().find(|known| known.eq_ignore_ascii_case(segment));
    known.map_or_else(|| segment.to_owned(), |known| (*known).to_owned())
}

/// The path with its names in braces, and the names.
fn path(segments: &[&str]) -> (String, Vec<&'static str>) {
    let (mut text, mut names) = (String::new(), Vec::new());
    let mut before = "";
    for segment in segments {
        text.push('/');
        if *segment == "*" {
            let name = NAMES
                .iter()
                .find(|(collection, _)| *collection == before)
                .map_or(if before.is_empty() { "tenant" } else { "name" }, |(_, name)| name);
            text.push_str(&format!("{{{name}}}"));
            names.push(name);
        } else {
            text.push_str(&spelled(segment));
        }
        before = segment;
    }
    (text, names)
}

fn operation(method: &str, op: Op, segments: &[&str], names: &[&str]) -> Value {
    let azure = segments.contains(&"microsoft.datafactory");
    let mut parameters: Vec<Value> = names
        .iter()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if azure {
        let default = match segments.contains(&"datafactories") {
            true => "2015-10-01",
            false => "2018-06-01",
        };
        let version =
            json!({ "name": "api-version", "in": "query", "schema": { "type": "string", "default": default } });
        parameters.push(version);
    }
    let list = method == "GET" && azure && segments.last().is_none_or(|last| *last != "*");
    let query = matches!(
        op,
        Op::RunQuery | Op::ActivityQuery | Op::TriggerQuery | Op::TriggerRunQuery | Op::AuditQuery
    );
    let schema = match list || query {
        true => "List",
        false => "Document",
    };
    let error = json!({
        "description": "An error with a code of docs/errors.",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    let mut responses = json!({
        "200": {
            "description": "Done.",
            "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
        },
        "default": error,
    });
    if method == "DELETE" {
        responses["200"] = json!({ "description": "It is gone." });
        responses["204"] = json!({ "description": "There was none." });
    }
    let needs = op.needs();
    let mut operation = json!({
        "tags": [if azure { "Data Factory" } else { "Sluice" }],
        "parameters": parameters,
        "responses": responses,
        "security": match needs { Some(_) => json!([{ "token": [] }]), None => json!([]) },
    });
    if let Some(scope) = needs {
        operation["x-sluice-scope"] = scope.as_str().into();
    }
    if matches!(method, "PUT" | "PATCH" | "POST") {
        let kind = match op {
            Op::IssueToken => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        operation["requestBody"] = json!({
            "required": method != "POST",
            "content": { kind: { "schema": { "$ref": "#/components/schemas/Document" } } },
        });
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_once() {
        let document = document();
        let mut ids = BTreeSet::new();
        let mut count = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                count += 1;
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{method} {path}: {id} twice");
                let named = operation["parameters"].as_array().unwrap();
                let in_path = named.iter().filter(|p| p["in"] == "path").count();
                assert_eq!(in_path, path.matches('{').count(), "{path}");
                let unique: BTreeSet<_> = named.iter().map(|p| p["name"].as_str().unwrap()).collect();
                assert_eq!(unique.len(), named.len(), "{path}");
            }
        }
        assert_eq!(count, route::all().len());
        let get = &document["paths"]["/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/\
                                     Microsoft.DataFactory/factories/{factoryName}/pipelines/{pipelineName}"]["get"];
        assert_eq!(get["operationId"], "PipelineGet", "{get}");
        assert_eq!(get["x-sluice-scope"], "reader");
    }
}

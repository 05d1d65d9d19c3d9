//! The list of operations of the provider, made from the routes.

use super::{reply, route};
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The collections, as people call what is in them.
const NOUNS: &[(&str, &str)] = &[
    ("integrationruntimes", "Integration Runtime"),
    ("nodes", "Integration Runtime Node"),
    ("linkedservices", "Linked Service"),
    ("datasets", "Dataset"),
    ("pipelines", "Pipeline"),
    ("pipelineruns", "Pipeline Run"),
    ("triggers", "Trigger"),
    ("triggerruns", "Trigger Run"),
    ("dataflows", "Data Flow"),
    ("credentials", "Credential"),
    ("globalparameters", "Global Parameter"),
];

/// `GET /providers/Microsoft.DataFactory/operations`.
pub(crate) fn list() -> Response {
    reply::json_reply(json!({ "value": operations() }))
}

fn operations() -> Vec<Value> {
    let mut found = BTreeMap::new();
    for route in route::all() {
        let below = route.segments.iter().skip_while(|segment| **segment != "factories");
        let words: Vec<&str> = below.copied().filter(|segment| *segment != "*").collect();
        if words.is_empty() || route.segments.first() != Some(&"subscriptions") {
            continue;
        }
        let noun = words
            .iter()
            .rev()
            .find_map(|word| NOUNS.iter().find(|(collection, _)| collection == word))
            .map_or("Data Factory", |(_, noun)| noun);
        let path = words.join("/");
        let (name, does) = match route.method {
            "GET" => (format!("{path}/read"), "Reads"),
            "PUT" | "PATCH" => (format!("{path}/write"), "Creates or updates"),
            "DELETE" => (format!("{path}/delete"), "Deletes"),
            _ => (format!("{path}/action"), "Runs an action of"),
        };
        found.entry(name).or_insert((noun, does, route.op.name()));
    }
    let render = |(name, (noun, does, operation)): (String, (&str, &str, String))| {
        json!({
            "name": format!("Microsoft.DataFactory/{name}"),
            "origin": "user,system",
            "display": {
                "provider": "Microsoft Azure Data Factory",
                "resource": noun,
                "operation": operation,
                "description": format!("{does} any {noun}."),
            },
        })
    };
    found.into_iter().map(render).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_operation_is_named_as_azure_names_it() {
        let all = operations();
        let names: Vec<&str> = all.iter().filter_map(|o| o["name"].as_str()).collect();
        for name in [
            "factories/read",
            "factories/write",
            "factories/delete",
            "factories/integrationruntimes/read",
            "factories/integrationruntimes/nodes/delete",
            "factories/pipelines/createrun/action",
            "factories/pipelineruns/cancel/action",
            "factories/querypipelineruns/action",
        ] {
            assert!(
                names.contains(&format!("Microsoft.DataFactory/{name}").as_str()),
                "{name}: {names:?}"
            );
        }
        assert!(
            !names
                .iter()
                .any(|name| name.contains("access/v1") || name.contains('*')),
            "{names:?}"
        );
    }
}

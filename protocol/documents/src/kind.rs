//! What a document is, and which of Data Factory's versions it is written for.

use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{member, text};
use std::fmt;

/// What a document is. In the order in which documents are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The data factory itself, with its global parameters.
    Factory,
    /// A gateway.
    IntegrationRuntime,
    /// A credential that linked services refer to.
    Credential,
    /// How to reach a store.
    LinkedService,
    /// Which table or file of it.
    Dataset,
    /// A data flow.
    DataFlow,
    /// Activities.
    Pipeline,
    /// When pipelines run.
    Trigger,
}

/// The version of Data Factory whose words a document uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// 2014 to 2018: datasets with `availability`, activities with names of datasets, `gatewayName`.
    V1,
    /// Since 2018.
    V2,
}

/// Kind, folder in Data Factory's Git layout, collection in the REST contract, `type` of references, for people.
const TABLE: &[(Kind, &str, &str, &str, &str)] = &[
    (Kind::Factory, "factory", "factories", "FactoryReference", "factory"),
    (
        Kind::IntegrationRuntime,
        "integrationRuntime",
        "integrationRuntimes",
        "IntegrationRuntimeReference",
        "integration runtime",
    ),
    (
        Kind::Credential,
        "credential",
        "credentials",
        "CredentialReference",
        "credential",
    ),
    (
        Kind::LinkedService,
        "linkedService",
        "linkedservices",
        "LinkedServiceReference",
        "linked service",
    ),
    (Kind::Dataset, "dataset", "datasets", "DatasetReference", "dataset"),
    (
        Kind::DataFlow,
        "dataflow",
        "dataflows",
        "DataFlowReference",
        "data flow",
    ),
    (Kind::Pipeline, "pipeline", "pipelines", "PipelineReference", "pipeline"),
    (Kind::Trigger, "trigger", "triggers", "TriggerReference", "trigger"),
];

impl Kind {
    /// Every kind, in order.
    pub fn all() -> impl Iterator<Item = Kind> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static (Kind, &'static str, &'static str, &'static str, &'static str) {
        // Every kind is in the table, in its order.
        &TABLE[self as usize]
    }

    /// Its folder in Data Factory's Git layout, such as `linkedService`.
    pub fn folder(self) -> &'static str {
        self.row().1
    }

    /// Its collection in the REST contract, such as `linkedservices`.
    pub fn collection(self) -> &'static str {
        self.row().2
    }

    /// The kind of a reference's `type`, such as `LinkedServiceReference`.
    pub fn of_reference(name: &str) -> Option<Kind> {
        TABLE
            .iter()
            .find(|row| row.3.eq_ignore_ascii_case(name))
            .map(|row| row.0)
    }

    /// The kind of a folder, or of a collection: `linkedService`, `linkedServices`, and v1's `tables`, `datapipelines`.
    pub(crate) fn of_folder(name: &str) -> Option<Kind> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let found = TABLE.iter().find(|row| {
            is(row.1)
                || is(row.2)
                || name
                    .strip_suffix(['s', 'S'])
                    .is_some_and(|one| row.1.eq_ignore_ascii_case(one))
        });
        found.map(|row| row.0).or(match name.to_ascii_lowercase().as_str() {
            "tables" | "table" => Some(Kind::Dataset),
            "datapipelines" => Some(Kind::Pipeline),
            "gateways" => Some(Kind::IntegrationRuntime),
            _ => None,
        })
    }

    /// The kind that a document's content shows.
    pub(crate) fn of_content(properties: &Object) -> Option<Kind> {
        let has = |name: &str| member(properties, name).is_some();
        let kind = text(properties, "type").unwrap_or_default();
        let type_properties = member(properties, "typeProperties").and_then(Value::as_object);
        let inner = |name: &str| type_properties.is_some_and(|inner| member(inner, name).is_some());
        if has("activities") {
            Some(Kind::Pipeline)
        } else if has("pipelines") || has("pipeline") || kind.ends_with("Trigger") {
            Some(Kind::Trigger)
        } else if kind == "SelfHosted" || kind == "Managed" {
            Some(Kind::IntegrationRuntime)
        } else if kind.ends_with("DataFlow") || kind == "Flowlet" {
            Some(Kind::DataFlow)
        } else if has("linkedServiceName") || has("availability") || has("location") || inner("location") {
            Some(Kind::Dataset)
        } else if kind == "ServicePrincipal" || kind == "ManagedIdentity" {
            Some(Kind::Credential)
        } else if type_properties.is_some() || (!kind.is_empty() && has("connectionString")) {
            Some(Kind::LinkedService)
        } else {
            None
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().4)
    }
}

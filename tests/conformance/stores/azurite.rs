//! A container of Azurite, over HTTPS with a certificate of a private authority.

use super::super::data::edge_values;
use super::super::place::{Place, properties};
use super::{csv_data, csv_dataset};
use base64::prelude::{BASE64_STANDARD, Engine};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::azurite::{Azurite, KEY};
use std::sync::Arc;

const CONTAINER: &str = "conformance";

pub(in super::super) async fn azurite_parquet() -> Place {
    let location = |name: &str| json!({ "type": "AzureBlobStorageLocation", "container": CONTAINER, "folderPath": "a/b", "fileName": format!("{name}.parquet") });
    Place {
        dataset_kind: "Parquet",
        dataset: Box::new(move |name| json!({ "location": location(name) })),
        source: json!({ "type": "ParquetSource" }),
        sink: json!({ "type": "ParquetSink" }),
        data: edge_values(),
        ..container("AzureBlobStorage").await
    }
}

pub(in super::super) async fn azurite_csv() -> Place {
    let location = |name: &str| json!({ "type": "AzureBlobStorageLocation", "container": CONTAINER, "folderPath": "a/b", "fileName": format!("{name}.csv") });
    Place {
        dataset_kind: "DelimitedText",
        dataset: Box::new(move |name| csv_dataset(location(name))),
        source: json!({ "type": "DelimitedTextSource" }),
        sink: json!({ "type": "DelimitedTextSink" }),
        data: csv_data(),
        ..container("AzureBlobStorage").await
    }
}

/// A lake by its blob endpoint: Azurite has no other.
pub(in super::super) async fn adls() -> Place {
    let location = |name: &str| json!({ "type": "AzureBlobFSLocation", "fileSystem": CONTAINER, "folderPath": "a/b", "fileName": format!("{name}.parquet") });
    Place {
        dataset_kind: "Parquet",
        dataset: Box::new(move |name| json!({ "location": location(name) })),
        source: json!({ "type": "ParquetSource" }),
        sink: json!({ "type": "ParquetSink" }),
        data: edge_values(),
        ..container("AzureBlobFS").await
    }
}

async fn container(kind: &str) -> Place {
    sluice_tests::init_tls();
    let server = Arc::new(Azurite::https());
    server.client().create_container(CONTAINER).await;
    let ca = server.tls.as_ref().unwrap().ca_pem.clone();
    let url = server.endpoint();
    let with = |key: &str| match kind {
        "AzureBlobFS" => properties(kind, json!({ "caCertificate": ca, "url": url }), &[("accountKey", key)]),
        kind => {
            let text = server.connection_string_with_key(key);
            properties(kind, json!({ "caCertificate": ca }), &[("connectionString", &text)])
        }
    };
    let wrong = BASE64_STANDARD.encode("canary-wrong-key");
    let asked = server.clone();
    Place {
        connector: sluice_store_object::connector(),
        properties: with(KEY),
        wrong_login: Some(with(&wrong)),
        dataset_kind: "",
        dataset: Box::new(|_| json!({})),
        source: json!({}),
        sink: json!({}),
        missing: Code::FileNotFound,
        fences_staging: false,
        data: edge_values(),
        holds: Box::new(move || {
            let asked = asked.clone();
            // Uncommitted blocks are nobody's to see; they end with the next commit, or a week later.
            async move { asked.client().list(CONTAINER).await }.boxed()
        }),
        _alive: Box::new(server),
    }
}

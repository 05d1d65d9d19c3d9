//! A container of Azurite, over HTTPS with a certificate of a private authority.

use super::super::data::edge_values;
use super::super::place::{Place, properties};
use super::{csv_data, csv_dataset};
use base64::prelude::{BASE64_STANDARD, Engine};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::azurite::Azurite;
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
        ..container().await
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
        ..container().await
    }
}

async fn container() -> Place {
    sluice_tests::init_tls();
    let server = Arc::new(Azurite::https());
    server.client().create_container(CONTAINER).await;
    let ca = server.tls.as_ref().unwrap().ca_pem.clone();
    let with = |text: String| {
        properties(
            "AzureBlobStorage",
            json!({ "caCertificate": ca }),
            &[("connectionString", &text)],
        )
    };
    let wrong = BASE64_STANDARD.encode("canary-wrong-key");
    let asked = server.clone();
    Place {
        connector: sluice_store_object::connector(),
        properties: with(server.connection_string()),
        wrong_login: Some(with(server.connection_string_with_key(&wrong))),
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

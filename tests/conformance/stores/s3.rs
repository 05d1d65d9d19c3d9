//! A bucket of a server of S3's protocol.

use super::super::data::edge_values;
use super::super::place::{Place, properties};
use super::{csv_data, csv_dataset};
use futures::FutureExt;
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_tests::s3::{ID, S3Server, SECRET};
use std::sync::Arc;

const BUCKET: &str = "conformance";

fn location(name: &str, ending: &str) -> Value {
    json!({ "type": "AmazonS3CompatibleLocation", "bucketName": BUCKET, "folderPath": "a/b", "fileName": format!("{name}.{ending}") })
}

pub(in super::super) async fn s3_parquet() -> Place {
    Place {
        dataset_kind: "Parquet",
        dataset: Box::new(|name| json!({ "location": location(name, "parquet") })),
        source: json!({ "type": "ParquetSource" }),
        sink: json!({ "type": "ParquetSink" }),
        ..bucket()
    }
}

pub(in super::super) async fn s3_csv() -> Place {
    Place {
        dataset_kind: "DelimitedText",
        dataset: Box::new(|name| csv_dataset(location(name, "csv"))),
        source: json!({ "type": "DelimitedTextSource" }),
        sink: json!({ "type": "DelimitedTextSink" }),
        data: csv_data(),
        ..bucket()
    }
}

fn bucket() -> Place {
    sluice_tests::init_tls();
    let server = Arc::new(S3Server::start());
    server.bucket(BUCKET);
    let with = |secret: &str| {
        let public = json!({ "serviceUrl": server.endpoint(), "accessKeyId": ID, "forcePathStyle": true });
        properties("AmazonS3Compatible", public, &[("secretAccessKey", secret)])
    };
    let asked = server.clone();
    Place {
        connector: sluice_store_object::connector(),
        properties: with(SECRET),
        wrong_login: Some(with("canary-wrong-secret")),
        dataset_kind: "",
        dataset: Box::new(|_| json!({})),
        source: json!({}),
        sink: json!({}),
        missing: Code::FileNotFound,
        fences_staging: false,
        data: edge_values(),
        holds: Box::new(move || {
            let asked = asked.clone();
            async move { asked.list(BUCKET) }.boxed()
        }),
        _alive: Box::new(server),
    }
}

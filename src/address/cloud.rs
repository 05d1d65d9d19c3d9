//! Addresses of objects in clouds, whose keys are in the environment, where their own tools look for them.

use super::format::{ENDING, format};
use super::{Place, object, stem};
use serde_json::json;
use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault};
use std::path::Path;
use zeroize::Zeroizing;

pub(super) fn azure(rest: &str) -> Result<Place, Fault> {
    let usage = |what: &str| Fault::new(Code::Usage, format!("the address azblob://{rest}: {what}"));
    let (container, path) = rest
        .split_once('/')
        .ok_or_else(|| usage("it needs azblob://CONTAINER/PATH"))?;
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (dataset_kind, source, sink, mut dataset) = format(name).ok_or_else(|| usage(ENDING))?;
    let location =
        json!({ "type": "AzureBlobStorageLocation", "container": container, "folderPath": folder, "fileName": name });
    dataset.insert("location".to_owned(), location);
    let text = std::env::var("AZURE_STORAGE_CONNECTION_STRING")
        .map(Zeroizing::new)
        .map_err(|_| Fault::new(Code::PropertyMissing, "AZURE_STORAGE_CONNECTION_STRING is not set"))?;
    let mut store = StoreProperties {
        kind: "AzureBlobStorage".to_owned(),
        ..Default::default()
    };
    store.secrets.insert("connectionString", text.as_str());
    if let Ok(file) = std::env::var("SLUICE_AZURE_CA_FILE") {
        store
            .public
            .insert("caCertificate".to_owned(), json!(crate::api::read(Path::new(&file))?));
    }
    Ok(Place {
        store,
        dataset_kind,
        dataset,
        source,
        sink,
        title: stem(name),
    })
}

/// `s3://BUCKET/PATH`, with the variables that Amazon's own tools read.
pub(super) fn s3(rest: &str) -> Result<Place, Fault> {
    let usage = |what: &str| Fault::new(Code::Usage, format!("the address s3://{rest}: {what}"));
    let (bucket, path) = rest.split_once('/').ok_or_else(|| usage("it needs s3://BUCKET/PATH"))?;
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (dataset_kind, source, sink, mut dataset) = format(name).ok_or_else(|| usage(ENDING))?;
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let needed =
        |name: &str| variable(name).ok_or_else(|| Fault::new(Code::PropertyMissing, format!("{name} is not set")));
    let endpoint = variable("AWS_ENDPOINT_URL");
    let (kind, location) = match endpoint {
        Some(_) => ("AmazonS3Compatible", "AmazonS3CompatibleLocation"),
        None => ("AmazonS3", "AmazonS3Location"),
    };
    dataset.insert(
        "location".to_owned(),
        json!({ "type": location, "bucketName": bucket, "folderPath": folder, "fileName": name }),
    );
    let mut store = StoreProperties {
        kind: kind.to_owned(),
        public: object(json!({ "accessKeyId": needed("AWS_ACCESS_KEY_ID")? })),
        ..Default::default()
    };
    let secret = Zeroizing::new(needed("AWS_SECRET_ACCESS_KEY")?);
    store.secrets.insert("secretAccessKey", secret.as_str());
    if let Some(token) = variable("AWS_SESSION_TOKEN").map(Zeroizing::new) {
        let kind = json!("TemporarySecurityCredentials");
        store.public.insert("authenticationType".to_owned(), kind);
        store.secrets.insert("sessionToken", token.as_str());
    }
    let region = variable("AWS_REGION").or(variable("AWS_DEFAULT_REGION"));
    for (name, value) in [("serviceUrl", endpoint), ("region", region)] {
        if let Some(value) = value {
            store.public.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(file) = variable("AWS_CA_BUNDLE") {
        store
            .public
            .insert("caCertificate".to_owned(), json!(crate::api::read(Path::new(&file))?));
    }
    Ok(Place {
        store,
        dataset_kind,
        dataset,
        source,
        sink,
        title: stem(name),
    })
}

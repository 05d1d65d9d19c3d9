//! Object stores: Azure Blob Storage, Azure Data Lake Storage Gen2 through its blob endpoint, Amazon S3 and what speaks its
//! protocol.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod azure;
mod bucket;
mod client;
mod connection;
mod errors;
mod listing;
mod probe;
mod reader;
mod s3;
mod stage;
mod tap;

use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{Capabilities, Connection, Connector, Network, Reach, StoreKind, StoreProperties};
use sluice_store_formats as formats;
use std::sync::Arc;

/// The family of object stores.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(ObjectConnector)
}

struct ObjectConnector;

const CAPABILITIES: Capabilities = Capabilities {
    read: true,
    write: true,
    partitions: true,
    snapshot: true,
    resumes: false,
    exactly_once: true,
};

const KINDS: &[StoreKind] = &[
    StoreKind {
        title: "Azure Blob Storage",
        linked_services: &["AzureBlobStorage", "AzureStorage"],
        datasets: formats::DATASETS,
        sources: formats::SOURCES,
        sinks: formats::SINKS,
        capabilities: CAPABILITIES,
    },
    StoreKind {
        title: "Azure Data Lake Storage Gen2",
        linked_services: &["AzureBlobFS"],
        datasets: formats::DATASETS,
        sources: formats::SOURCES,
        sinks: formats::SINKS,
        capabilities: CAPABILITIES,
    },
    StoreKind {
        title: "Amazon S3",
        linked_services: &["AmazonS3", "AmazonS3Compatible"],
        datasets: formats::DATASETS,
        sources: formats::SOURCES,
        sinks: formats::SINKS,
        capabilities: CAPABILITIES,
    },
];

#[async_trait]
impl Connector for ObjectConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn reaches(&self, properties: &StoreProperties) -> Vec<Reach> {
        let mut found = Reach::of_properties(properties);
        if let Ok(service) = service(properties, Network::open()) {
            found.push(Reach::of_address(service.endpoint().as_str(), None));
        }
        found
    }

    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault> {
        Ok(Arc::new(connection::ObjectConnection::new(service(
            &properties,
            network,
        )?)))
    }
}

/// The service that a linked service names.
fn service(properties: &StoreProperties, network: Network) -> Result<Arc<dyn bucket::Service>, Fault> {
    let is = |kind: &str| properties.kind.eq_ignore_ascii_case(kind);
    if is("AmazonS3") || is("AmazonS3Compatible") {
        return Ok(Arc::new(s3::S3::read(properties, network)?));
    }
    let kind = if is("AzureBlobFS") {
        azure::Kind::Lake
    } else {
        azure::Kind::Blob
    };
    let account = account::Account::read(properties, kind)?;
    Ok(Arc::new(azure::Azure::new(account, kind, network)))
}

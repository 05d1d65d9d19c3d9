//! Object stores: Azure Blob Storage, Azure Data Lake Storage Gen2 through its blob endpoint, Amazon S3 and what speaks its
//! protocol.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod azure;
mod bucket;
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
use sluice_store_core::{Capabilities, Connection, Connector, StoreKind, StoreProperties};
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

    async fn connect(&self, properties: StoreProperties) -> Result<Arc<dyn Connection>, Fault> {
        let is = |kind: &str| properties.kind.eq_ignore_ascii_case(kind);
        let service: Arc<dyn bucket::Service> = if is("AmazonS3") || is("AmazonS3Compatible") {
            Arc::new(s3::S3::read(&properties)?)
        } else {
            let kind = if is("AzureBlobFS") {
                azure::Kind::Lake
            } else {
                azure::Kind::Blob
            };
            let account = account::Account::read(&properties, kind)?;
            Arc::new(azure::Azure::new(account, kind))
        };
        Ok(Arc::new(connection::ObjectConnection::new(service)))
    }
}

//! Object stores: Azure Blob Storage.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod azure;
mod connection;
mod errors;
mod probe;
mod reader;
mod stage;

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

const KINDS: &[StoreKind] = &[StoreKind {
    title: "Azure Blob Storage",
    linked_services: &["AzureBlobStorage", "AzureStorage"],
    datasets: formats::DATASETS,
    sources: formats::SOURCES,
    sinks: formats::SINKS,
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        snapshot: true,
        exactly_once: true,
    },
}];

#[async_trait]
impl Connector for ObjectConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    async fn connect(&self, properties: StoreProperties) -> Result<Arc<dyn Connection>, Fault> {
        let account = account::Account::read(&properties)?;
        Ok(Arc::new(connection::BlobConnection::new(account)))
    }
}

//! Local files: ADF's `FileServer`, whose `host` is the folder that nothing leaves.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connection;
mod errors;
mod place;
mod reader;
mod root;
mod stage;
mod store;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{Capabilities, Connection, Connector, Network, Reach, StoreKind, StoreProperties};
use sluice_store_formats as formats;
use std::sync::Arc;

/// The family of local files.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(FileConnector)
}

struct FileConnector;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "File system",
    linked_services: &["FileServer"],
    datasets: formats::DATASETS,
    sources: formats::SOURCES,
    sinks: formats::SINKS,
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        snapshot: false,
        resumes: false,
        exactly_once: true,
    },
}];

#[async_trait]
impl Connector for FileConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn reaches(&self, properties: &StoreProperties) -> Vec<Reach> {
        let host = properties.text("host").unwrap_or_default();
        let path = host.trim().strip_prefix("file://").unwrap_or(host.trim());
        vec![Reach::Path(path.into())]
    }

    async fn connect_over(&self, properties: StoreProperties, _: Network) -> Result<Arc<dyn Connection>, Fault> {
        Ok(Arc::new(connection::FileConnection::new(&properties)?))
    }
}

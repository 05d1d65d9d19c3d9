//! The family, and a connection of it.

use crate::probe;
use crate::settings::Settings;
use crate::sink::MySqlSink;
use crate::source::MySqlSource;
use crate::statements::MySqlStatements;
use crate::types;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::{
    Capabilities, Connection, Connector, Network, Sink, SinkRequest, Source, SourceRequest, Statements, StoreKind,
    StoreProperties, TypeTable,
};
use std::sync::Arc;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "MySQL and MariaDB",
    linked_services: &["MySql", "AzureMySql", "MariaDB", "AzureMariaDB"],
    datasets: &["MySqlTable", "AzureMySqlTable", "MariaDBTable", "AzureMariaDBTable"],
    sources: &["MySqlSource", "AzureMySqlSource", "MariaDBSource", "AzureMariaDBSource"],
    sinks: &["AzureMySqlSink", "MySqlSink", "MariaDBSink", "AzureMariaDBSink"],
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        snapshot: true,
        resumes: true,
        exactly_once: true,
    },
}];

/// MySQL and MariaDB, for the list of stores.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(MySqlConnector)
}

struct MySqlConnector;

#[async_trait]
impl Connector for MySqlConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn types(&self) -> TypeTable {
        types::table()
    }

    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault> {
        let settings = Settings::read(&properties, network)?;
        // Checks the CA now rather than at the first copy.
        settings.tls()?;
        Ok(Arc::new(MySqlConnection(Arc::new(settings))))
    }
}

struct MySqlConnection(Arc<Settings>);

#[async_trait]
impl Connection for MySqlConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        probe::run(&self.0).await
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        Ok(Box::new(MySqlSource::open(self.0.clone(), request).await?))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(MySqlSink::new(self.0.clone(), &request)?))
    }

    fn statements(&self) -> Option<Arc<dyn Statements>> {
        Some(Arc::new(MySqlStatements::new(&self.0)))
    }
}

//! The family, and a connection of it.

use crate::probe;
use crate::settings::Settings;
use crate::sink::SqlServerSink;
use crate::source::SqlServerSource;
use crate::statements::SqlServerStatements;
use crate::types::table;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::{
    Capabilities, Connection, Connector, Network, Sink, SinkRequest, Source, SourceRequest, Statements, StoreKind,
    StoreProperties, TypeTable,
};
use std::sync::Arc;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "SQL Server and Azure SQL",
    linked_services: &["SqlServer", "OnPremisesSqlServer", "AzureSqlDatabase", "AzureSqlMI"],
    datasets: &["SqlServerTable", "AzureSqlTable", "AzureSqlMITable"],
    sources: &["SqlServerSource", "AzureSqlSource", "SqlMISource", "SqlSource"],
    sinks: &["SqlServerSink", "AzureSqlSink", "SqlMISink", "SqlSink"],
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        // One session's: see the page of stores.
        snapshot: true,
        resumes: true,
        exactly_once: true,
    },
}];

/// SQL Server and Azure SQL, for the list of stores.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(SqlServerConnector)
}

struct SqlServerConnector;

#[async_trait]
impl Connector for SqlServerConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn types(&self) -> TypeTable {
        table::table()
    }

    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault> {
        let settings = Settings::read(&properties, network)?;
        Ok(Arc::new(SqlServerConnection(Arc::new(settings))))
    }
}

struct SqlServerConnection(Arc<Settings>);

#[async_trait]
impl Connection for SqlServerConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        probe::run(&self.0).await
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        Ok(Box::new(SqlServerSource::open(self.0.clone(), request).await?))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(SqlServerSink::new(self.0.clone(), &request)?))
    }

    fn statements(&self) -> Option<Arc<dyn Statements>> {
        Some(Arc::new(SqlServerStatements(self.0.clone())))
    }
}

//! The family, and a connection of it.

use crate::contract;
use crate::probe;
use crate::settings::Settings;
use crate::sink::PostgresSink;
use crate::source::PostgresSource;
use crate::statements::PostgresStatements;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::{
    Capabilities, Connection, Connector, Network, Sink, SinkRequest, Source, SourceRequest, Statements, StoreKind,
    StoreProperties, TypeTable,
};
use std::sync::Arc;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "PostgreSQL",
    linked_services: &["PostgreSqlV2", "PostgreSql", "AzurePostgreSql"],
    datasets: &["PostgreSqlV2Table", "PostgreSqlTable", "AzurePostgreSqlTable"],
    sources: &["PostgreSqlV2Source", "PostgreSqlSource", "AzurePostgreSqlSource"],
    sinks: &["PostgreSqlV2Sink", "PostgreSqlSink", "AzurePostgreSqlSink"],
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        snapshot: true,
        resumes: true,
        exactly_once: true,
    },
}];

/// PostgreSQL, for the list of stores.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(PostgresConnector)
}

struct PostgresConnector;

#[async_trait]
impl Connector for PostgresConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn types(&self) -> TypeTable {
        contract::table()
    }

    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault> {
        let settings = Settings::read(&properties, network)?;
        // Checks the CA now rather than at the first copy.
        settings.tls()?;
        Ok(Arc::new(PostgresConnection(Arc::new(settings))))
    }
}

struct PostgresConnection(Arc<Settings>);

#[async_trait]
impl Connection for PostgresConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        probe::run(&self.0).await
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        Ok(Box::new(PostgresSource::open(self.0.clone(), request).await?))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(PostgresSink::new(self.0.clone(), &request)?))
    }

    fn statements(&self) -> Option<Arc<dyn Statements>> {
        Some(Arc::new(PostgresStatements(self.0.clone())))
    }
}

//! The family, and a connection of it.

use crate::contract;
use crate::database::{blocking, open_to_read};
use crate::settings;
use crate::sink::SqliteSink;
use crate::source::SqliteSource;
use crate::statements::SqliteStatements;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::{
    Capabilities, Connection, Connector, Network, Reach, Sink, SinkRequest, Source, SourceRequest, Statements,
    StoreKind, StoreProperties, TypeTable,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "SQLite",
    linked_services: &["Sqlite"],
    datasets: &["SqliteTable"],
    sources: &["SqliteSource"],
    sinks: &["SqliteSink"],
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: true,
        snapshot: true,
        resumes: true,
        exactly_once: true,
    },
}];

/// SQLite, for the list of stores.
pub fn connector() -> Arc<dyn Connector> {
    Arc::new(SqliteConnector)
}

struct SqliteConnector;

#[async_trait]
impl Connector for SqliteConnector {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    fn types(&self) -> TypeTable {
        contract::table()
    }

    fn reaches(&self, properties: &StoreProperties) -> Vec<Reach> {
        settings::path(properties).map(Reach::Path).into_iter().collect()
    }

    async fn connect_over(&self, properties: StoreProperties, _: Network) -> Result<Arc<dyn Connection>, Fault> {
        Ok(Arc::new(SqliteConnection(settings::path(&properties)?)))
    }
}

struct SqliteConnection(PathBuf);

#[async_trait]
impl Connection for SqliteConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        let started = Instant::now();
        let path = self.0.clone();
        // Opening reads the database's header and schema.
        let fault = blocking(move || open_to_read(&path).map(drop)).await.err();
        vec![ProbeStage {
            name: "read".into(),
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            fault,
            extra: Default::default(),
        }]
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        Ok(Box::new(SqliteSource::open(self.0.clone(), request).await?))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(SqliteSink::new(self.0.clone(), &request)?))
    }

    fn statements(&self) -> Option<Arc<dyn Statements>> {
        Some(Arc::new(SqliteStatements(self.0.clone())))
    }
}

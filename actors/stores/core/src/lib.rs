//! What every data store implements.
//!
//! A *family* of stores is a [`Connector`] in the registry: it knows which linked services, datasets, sources and sinks of ADF
//! it serves, and opens [`Connection`]s. A connection makes a [`Source`], which splits itself into independently readable
//! partitions of Arrow batches, or a [`Sink`], which stages everything and publishes it with one commit.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod capability;
pub mod files;
pub mod hash;
pub mod json;
pub mod lines;
pub mod native;
pub mod reach;
pub mod registry;
pub mod rejects;
pub mod request;
pub mod resume;
pub mod sink;
pub mod source;
pub mod statements;
pub mod table_sink;
pub mod table_source;
pub mod types;

#[cfg(test)]
mod tests;

pub use capability::{Capabilities, StoreKind};
pub use hash::{ContentHash, FieldHasher};
pub use lines::{Bare, LineForm};
pub use native::{NativeChunk, NativeFormat, NativeStream};
pub use reach::Reach;
pub use registry::Stores;
pub use rejects::{Allowed, RejectLog, Rejected, Rejects, Side};
pub use request::{SinkRequest, SourceRequest};
pub use resume::{Part, SourcePlan, Staging};
pub use sink::{CommitKey, Committed, ReadBack, Sink, Staged, Writer, Written};
pub use source::{BatchStream, Partition, Source};
pub use statements::Statements;
pub use table_sink::{TableSink, WriteBehavior};
pub use table_source::{Read, Split, TableSource};
pub use types::{Fidelity, TypeRow, TypeTable};

use async_trait::async_trait;
use files::ByteStore;
use sluice_contract::Fault;
pub use sluice_contract::document::StoreProperties;
use sluice_contract::message::ProbeStage;
pub use sluice_net::Network;
use std::sync::Arc;

/// One family of stores.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// What this family serves.
    fn kinds(&self) -> &'static [StoreKind];

    /// What becomes of its types.
    fn types(&self) -> TypeTable {
        TypeTable::default()
    }

    /// Where a linked service leads: everything that a connection to it would open. A node's policy is asked about it before
    /// there is one.
    fn reaches(&self, properties: &StoreProperties) -> Vec<Reach> {
        Reach::of_properties(properties)
    }

    /// Makes a connection for one linked service. Cheap: pools open their sockets when they are needed. Other machines are
    /// reached by the `network` alone, which asks the node's policy about the very addresses that are connected to.
    ///
    /// # Errors
    /// `SL6013` when a property is missing or malformed. The secrets in `properties` are dropped with it.
    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault>;

    /// The same over a network in which nobody is asked: for a command whose user has named the store himself.
    ///
    /// # Errors
    /// As [`Connector::connect_over`].
    async fn connect(&self, properties: StoreProperties) -> Result<Arc<dyn Connection>, Fault> {
        self.connect_over(properties, Network::open()).await
    }
}

/// An open store, shared by the copies that use its linked service.
#[async_trait]
pub trait Connection: Send + Sync + 'static {
    /// Tests the connection stage by stage; the last stage holds the fault when one failed.
    async fn probe(&self) -> Vec<ProbeStage>;

    /// Gets ready to read what the request names, and finds out its schema and partitions.
    ///
    /// # Errors
    /// `SL60xx`, saying what is missing, refused or not understood.
    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault>;

    /// Gets ready to write what the request names.
    ///
    /// # Errors
    /// `SL60xx`, saying what is missing, refused or not understood.
    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault>;

    /// The store as one of files, for copies that move them as they are.
    fn files(&self) -> Option<Arc<dyn ByteStore>> {
        None
    }

    /// The store as one that runs statements.
    fn statements(&self) -> Option<Arc<dyn Statements>> {
        None
    }
}

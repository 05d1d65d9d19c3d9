//! A connection as a copy gets it: it counts against the limit, and what happens on it is noticed.

use super::{Observed, StoreConnector};
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_runtime::Handle;
use sluice_store_core::files::ByteStore;
use sluice_store_core::statements::{Asked, Limits, Ran, Statements};
use sluice_store_core::{Connection, Sink, SinkRequest, Source, SourceRequest};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// A connection on loan; its place is free again when it is dropped.
pub(super) struct Lent {
    pub(super) connection: Arc<dyn Connection>,
    pub(super) lender: Handle<StoreConnector>,
    /// A probe takes no place.
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

impl Lent {
    fn observe(&self, outcome: Result<(), Fault>) {
        observe(&self.lender, outcome);
    }
}

fn observe(lender: &Handle<StoreConnector>, outcome: Result<(), Fault>) {
    if let Err(error) = lender.tell(Observed(outcome)) {
        tracing::debug!(%error, "A connector did not take notice.");
    }
}

#[async_trait]
impl Connection for Lent {
    async fn probe(&self) -> Vec<ProbeStage> {
        let stages = self.connection.probe().await;
        let failed = stages.iter().find_map(|stage| stage.fault.clone());
        self.observe(failed.map_or(Ok(()), Err));
        stages
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        let source = self.connection.source(request).await;
        self.observe(source.as_ref().map(drop).map_err(Clone::clone));
        source
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        let sink = self.connection.sink(request).await;
        self.observe(sink.as_ref().map(drop).map_err(Clone::clone));
        sink
    }

    fn files(&self) -> Option<Arc<dyn ByteStore>> {
        self.connection.files()
    }

    fn statements(&self) -> Option<Arc<dyn Statements>> {
        let inner = self.connection.statements()?;
        Some(Arc::new(LentStatements {
            inner,
            lender: self.lender.clone(),
        }))
    }
}

/// Statements on a connection on loan: whoever runs them keeps the loan itself.
struct LentStatements {
    inner: Arc<dyn Statements>,
    lender: Handle<StoreConnector>,
}

#[async_trait]
impl Statements for LentStatements {
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault> {
        let ran = self.inner.run(asked, limits).await;
        observe(&self.lender, ran.as_ref().map(drop).map_err(Clone::clone));
        ran
    }
}

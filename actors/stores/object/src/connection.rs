//! One linked service: an account.

use crate::bucket::{ObjectFiles, Service};
use crate::probe;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{Connection, Sink, SinkRequest, Source, SourceRequest};
use sluice_store_formats as formats;
use std::sync::Arc;

pub(crate) struct ObjectConnection {
    store: ObjectFiles,
}

impl ObjectConnection {
    pub(crate) fn new(service: Arc<dyn Service>) -> Self {
        Self {
            store: ObjectFiles::new(service),
        }
    }
}

#[async_trait]
impl Connection for ObjectConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        probe::run(&self.store).await
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        formats::source(Arc::new(self.store.clone()), request).await
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        formats::sink(Arc::new(self.store.clone()), &request)
    }

    fn files(&self) -> Option<Arc<dyn ByteStore>> {
        Some(Arc::new(self.store.clone()))
    }
}

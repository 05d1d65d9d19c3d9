//! One linked service: an account.

use crate::account::Account;
use crate::azure::BlobStore;
use crate::probe;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{Connection, Sink, SinkRequest, Source, SourceRequest};
use sluice_store_formats as formats;
use std::sync::Arc;

pub(crate) struct BlobConnection {
    store: BlobStore,
}

impl BlobConnection {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            store: BlobStore::new(account),
        }
    }
}

#[async_trait]
impl Connection for BlobConnection {
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

//! One linked service: a root.

use crate::errors::blocking;
use crate::root::Root;
use crate::store::FileStore;
use async_trait::async_trait;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
use sluice_store_core::files::ByteStore;
use sluice_store_core::{Connection, Sink, SinkRequest, Source, SourceRequest, StoreProperties};
use sluice_store_formats as formats;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct FileConnection {
    store: FileStore,
}

impl FileConnection {
    pub(crate) fn new(properties: &StoreProperties) -> Result<Self, Fault> {
        let host = properties
            .text("host")
            .filter(|host| !host.trim().is_empty())
            .ok_or_else(|| {
                Fault::new(
                    Code::PropertyMissing,
                    "the linked service has no `host`, the folder to serve",
                )
            })?;
        let root = Root::parse(host.trim())?;
        if ["userId", "password"]
            .iter()
            .any(|name| properties.text(name).is_some_and(|text| !text.is_empty()))
        {
            tracing::warn!(
                root = %root.path().display(),
                "A local folder is read and written as the gateway's own user; userId and password are ignored"
            );
        }
        Ok(Self {
            store: FileStore { root },
        })
    }
}

#[async_trait]
impl Connection for FileConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        let (resolve, read) = (self.store.root.clone(), self.store.root.clone());
        let mut stages = vec![stage("resolve", async { blocking(move || resolve.real().map(drop)).await }).await];
        if stages[0].fault.is_none() {
            let list = async {
                blocking(move || {
                    let real = read.real()?;
                    let mut items =
                        fs::read_dir(&real).map_err(|error| crate::errors::fault("listing", &real, &error))?;
                    match items.next().transpose() {
                        Ok(_) => Ok(()),
                        Err(error) => Err(crate::errors::fault("listing", &real, &error)),
                    }
                })
                .await
            };
            stages.push(stage("read", list).await);
        }
        stages
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

async fn stage(name: &str, work: impl Future<Output = Result<(), Fault>>) -> ProbeStage {
    let began = Instant::now();
    let fault = work.await.err();
    ProbeStage {
        name: name.to_owned(),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        fault,
        extra: Default::default(),
    }
}

//! What all stages of one copy share, and the planning.

use crate::progress::Reporter;
use crate::step::step;
use crate::{Continuation, CopyOptions};
use sluice_contract::Fault;
use sluice_contract::job::CopyProgress;
use sluice_store_core::{Connection, Rejects, Sink, SinkRequest, Source, SourceRequest};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A copy under way.
pub(crate) struct Road {
    pub(crate) options: CopyOptions,
    pub(crate) cancel: CancellationToken,
    pub(crate) reporter: Reporter,
    /// Where rows that do not fit are left out.
    pub(crate) rejects: Option<Rejects>,
    pub(crate) continuation: Continuation,
    /// Seconds spent in each stage.
    pub(crate) stages: BTreeMap<String, f64>,
}

impl Road {
    pub(crate) fn new(options: CopyOptions, cancel: CancellationToken, progress: watch::Sender<CopyProgress>) -> Self {
        Self {
            options,
            cancel,
            reporter: Reporter::new(progress),
            rejects: None,
            continuation: Continuation::default(),
            stages: BTreeMap::new(),
        }
    }

    pub(crate) async fn source(
        &self,
        store: &dyn Connection,
        mut request: SourceRequest,
    ) -> Result<Arc<dyn Source>, Fault> {
        self.cut_as_before(&mut request);
        request.parallel = self.options.parallel.max(1);
        request.translator = self.options.translator();
        if request.batch_bytes == 0 {
            request.batch_bytes = self.options.batch_bytes();
        }
        self.plan("planning the source", store.source(request))
            .await
            .map(Arc::from)
    }

    pub(crate) async fn sink(
        &self,
        store: &dyn Connection,
        mut request: SinkRequest,
        workers: usize,
    ) -> Result<Box<dyn Sink>, Fault> {
        request.parallel = workers;
        request.memory = self.options.pool().gathered();
        self.plan("planning the sink", store.sink(request)).await
    }

    /// One call into a connector while nothing moves yet.
    pub(crate) async fn plan<T>(&self, what: &str, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        step(what, self.options.stall_timeout, &self.cancel, call).await
    }

    /// A stage may come in several pieces.
    pub(crate) fn took(&mut self, stage: &str, since: Instant) {
        *self.stages.entry(stage.to_owned()).or_default() += since.elapsed().as_secs_f64();
    }
}

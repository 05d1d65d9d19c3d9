//! A job whose attempts are cut off at a certain partition.

use async_trait::async_trait;
use serde_json::Value;
use sluice_contract::job::{Checkpoint, CopyOutcome, CopyProgress};
use sluice_contract::{Fault, JobId, Object};
use sluice_copy::{Always, Continuation, CopyJob, CopyOptions, Deal, Dealer, Keeper, SharedCopy};
use sluice_store_core::{CommitKey, Connection, Part, SinkRequest, SourceRequest};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(super) fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

/// What is copied.
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) source: Arc<dyn Connection>,
    pub(super) from: SourceRequest,
    pub(super) sink: Arc<dyn Connection>,
    pub(super) to: SinkRequest,
    pub(super) settings: Value,
    pub(super) memory: Arc<Memory>,
}

/// What the node remembers.
#[derive(Default)]
pub(super) struct Memory(pub(super) Mutex<Option<Checkpoint>>);

#[async_trait]
impl Keeper for Memory {
    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        *self.0.lock().unwrap() = Some(checkpoint.clone());
        Ok(())
    }

    fn goes_on(&self, _fault: &Fault) -> bool {
        true
    }
}

/// Hands out so many partitions, then none until it is let go of.
pub(super) struct Until {
    count: usize,
    open: Mutex<Vec<usize>>,
    dealt: AtomicUsize,
    pub(super) finished: watch::Sender<usize>,
    pub(super) go_on: watch::Sender<bool>,
}

impl Until {
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self {
            count,
            open: Mutex::default(),
            dealt: AtomicUsize::new(0),
            finished: watch::channel(0).0,
            go_on: watch::channel(false).0,
        })
    }
}

#[async_trait]
impl Dealer for Until {
    async fn begin(&self, copy: SharedCopy) -> Result<(), Fault> {
        *self.open.lock().unwrap() = copy.open.into_iter().rev().collect();
        Ok(())
    }

    async fn next(&self) -> Result<Deal, Fault> {
        if self.dealt.fetch_add(1, Ordering::SeqCst) >= self.count {
            let mut go_on = self.go_on.subscribe();
            let _ = go_on.wait_for(|go_on| *go_on).await;
        }
        let place = self.open.lock().unwrap().pop();
        Ok(place.map_or(Deal::Over(Vec::new()), Deal::Read))
    }

    async fn finished(&self, _place: usize, _part: &Part) -> Result<(), Fault> {
        self.finished.send_modify(|count| *count += 1);
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        true
    }
}

impl Job {
    /// One attempt, which knows what the one before it wrote down.
    pub(super) fn attempt(
        &self,
        attempt: u32,
        dealer: Option<Arc<dyn Dealer>>,
    ) -> JoinHandle<Result<CopyOutcome, Fault>> {
        sluice_tests::init_tls();
        let settings = object(self.settings.clone());
        let options = CopyOptions {
            resume_from_rows: 0,
            ..CopyOptions::from_settings(&settings, 64 << 20).unwrap()
        };
        let job = CopyJob {
            key: CommitKey {
                job: self.id.clone(),
                attempt,
                token: u64::from(attempt) * 3,
            },
            source: self.source.clone(),
            source_request: self.from.clone(),
            sink: self.sink.clone(),
            sink_request: self.to.clone(),
            logs: sluice_copy::LogStores::default(),
            options,
            continuation: Continuation {
                checkpoint: self.memory.0.lock().unwrap().clone(),
                keeper: Some(self.memory.clone()),
                dealer,
            },
        };
        let progress = watch::channel(CopyProgress::default()).0;
        tokio::spawn(async move { sluice_copy::run(job, &Always, progress, Default::default()).await })
    }

    /// An attempt that is torn down, without a chance to clean up, when so many partitions are staged.
    pub(super) async fn cut_off(&self, attempt: u32, parts: usize) {
        let dealer = Until::new(parts);
        let mut finished = dealer.finished.subscribe();
        let mut copy = self.attempt(attempt, Some(dealer));
        tokio::select! {
            ended = &mut copy => panic!("it ended by itself: {ended:?}"),
            waited = tokio::time::timeout(std::time::Duration::from_secs(60), finished.wait_for(|count| *count == parts)) => {
                waited.expect("the partitions were never finished").unwrap();
            }
        }
        copy.abort();
        assert!(copy.await.unwrap_err().is_cancelled());
    }
}

//! What the tests share: acts that go wrong, a gauge of the memory in flight, and running a copy.

use super::sink::{Shelf, TestSink};
use super::source::{Rows, TestSource};
use crate::{Always, CommitGate, CopyJob, CopyOptions, run};
use async_trait::async_trait;
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault, JobId};
use sluice_store_core::{CommitKey, Connection, Sink, SinkRequest, Source, SourceRequest};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Where a connector can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Source,
    Read,
    Batch,
    Sink,
    Prepare,
    Writer,
    Write,
    Finish,
    Verify,
    ReadBack,
    Gate,
    Commit,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Fails(Code),
    Panics,
    Hangs,
    /// Waits for so many milliseconds, then goes on.
    Slow(u64),
}

/// What goes wrong, and whether it was reached.
#[derive(Default)]
pub(super) struct Script {
    acts: Mutex<Vec<(Place, Wrong)>>,
    reached: AtomicBool,
}

impl Script {
    pub(super) fn of(acts: &[(Place, Wrong)]) -> Arc<Self> {
        Arc::new(Self {
            acts: Mutex::new(acts.to_vec()),
            reached: AtomicBool::new(false),
        })
    }

    pub(super) async fn play(&self, place: Place) -> Result<(), Fault> {
        let found = self.acts.lock().unwrap().iter().find(|(at, _)| *at == place).copied();
        let Some((_, wrong)) = found else { return Ok(()) };
        self.reached.store(true, Ordering::SeqCst);
        match wrong {
            Wrong::Fails(code) => Err(Fault::new(code, format!("{place:?} was made to fail"))),
            Wrong::Panics => panic!("{place:?} was made to panic, quoting canary-row"),
            Wrong::Hangs => std::future::pending().await,
            Wrong::Slow(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(())
            }
        }
    }

    pub(super) async fn until_reached(&self) {
        until("the script's place", || self.reached.load(Ordering::SeqCst)).await;
    }
}

/// Polls, with a deadline.
pub(super) async fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Bytes that were read and not written yet.
#[derive(Default)]
pub(super) struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
    pub(super) produced: AtomicUsize,
}

impl Gauge {
    pub(super) fn add(&self, bytes: usize) {
        self.produced.fetch_add(bytes, Ordering::SeqCst);
        let now = self.now.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.peak.fetch_max(now, Ordering::SeqCst);
    }

    pub(super) fn remove(&self, bytes: usize) {
        // A copy may add columns: more is written than was read.
        let less = |now: usize| Some(now.saturating_sub(bytes));
        let _ = self.now.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    pub(super) fn now(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    pub(super) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

/// A store that is read, written, or both.
pub(super) struct TestStore {
    pub(super) rows: Rows,
    pub(super) shelf: Arc<Shelf>,
    pub(super) script: Arc<Script>,
    pub(super) gauge: Arc<Gauge>,
    /// Sources and sinks that were asked for.
    pub(super) opened: AtomicUsize,
    /// The name of an encoding in which the source also gives its rows.
    pub(super) encoding: Mutex<Option<&'static str>>,
    /// Whether source and sink were allowed to leave out rows.
    pub(super) permissions: [AtomicBool; 2],
}

impl TestStore {
    pub(super) fn permitted(&self) -> (bool, bool) {
        let [source, sink] = &self.permissions;
        (source.load(Ordering::SeqCst), sink.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Connection for TestStore {
    async fn probe(&self) -> Vec<ProbeStage> {
        Vec::new()
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.permissions[0].store(request.rejects.is_some(), Ordering::SeqCst);
        self.script.play(Place::Source).await?;
        assert!(request.parallel > 0 && request.batch_bytes > 0);
        let source = TestSource::new(self.rows.clone(), self.script.clone(), self.gauge.clone());
        Ok(Box::new(source.encoded(*self.encoding.lock().unwrap())))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.permissions[1].store(request.rejects.is_some(), Ordering::SeqCst);
        self.script.play(Place::Sink).await?;
        assert!(request.parallel > 0);
        let (shelf, script, gauge) = (self.shelf.clone(), self.script.clone(), self.gauge.clone());
        Ok(Box::new(TestSink::new(shelf, script, gauge)))
    }
}

/// A copy in preparation.
pub(super) struct Bench {
    pub(super) store: Arc<TestStore>,
    pub(super) source: SourceRequest,
    pub(super) sink: SinkRequest,
    pub(super) options: CopyOptions,
    pub(super) cancel: CancellationToken,
    pub(super) progress: watch::Sender<CopyProgress>,
}

impl Bench {
    pub(super) fn new(rows: Rows, acts: &[(Place, Wrong)]) -> Self {
        Self {
            store: Arc::new(TestStore {
                rows,
                shelf: Arc::default(),
                script: Script::of(acts),
                gauge: Arc::default(),
                opened: AtomicUsize::new(0),
                permissions: Default::default(),
                encoding: Mutex::default(),
            }),
            source: SourceRequest::default(),
            sink: SinkRequest::default(),
            options: CopyOptions::default(),
            cancel: CancellationToken::new(),
            progress: watch::channel(CopyProgress::default()).0,
        }
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.store.shelf
    }

    pub(super) async fn run(&self) -> Result<CopyOutcome, Fault> {
        self.run_with(&Always).await
    }

    pub(super) async fn run_with(&self, gate: &dyn CommitGate) -> Result<CopyOutcome, Fault> {
        let job = CopyJob {
            key: CommitKey {
                job: JobId::generate(),
                attempt: 1,
                token: 7,
            },
            source: self.store.clone(),
            source_request: self.source.clone(),
            sink: self.store.clone(),
            sink_request: self.sink.clone(),
            logs: crate::LogStores::default(),
            options: self.options.clone(),
            continuation: crate::Continuation::default(),
        };
        let copy = run(job, gate, self.progress.clone(), self.cancel.clone());
        tokio::time::timeout(Duration::from_secs(60), copy)
            .await
            .expect("the copy hangs")
    }

    /// The copy failed, the sink's readers have seen nothing, and the staging is gone.
    pub(super) fn untouched(&self) {
        assert_eq!(self.shelf().published_rows(), 0, "something was published");
        assert_eq!(self.shelf().commits(), 0, "a commit was made");
        assert!(!self.shelf().is_staged(), "the staging was left behind");
    }
}

/// A gate that follows the script.
pub(super) struct ScriptedGate(pub(super) Arc<Script>);

#[async_trait]
impl CommitGate for ScriptedGate {
    async fn permit(&self, _rows: u64) -> Result<(), Fault> {
        self.0.play(Place::Gate).await
    }
}

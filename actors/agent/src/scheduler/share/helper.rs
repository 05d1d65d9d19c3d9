//! A node that helps with another node's copy.

use super::{AGAIN, ALIVE, About, SILENCE};
use crate::hub::Hub;
use crate::policy::Use;
use crate::scheduler::copy::{allowed, connections, job_of, options_of};
use actix::Message;
use async_trait::async_trait;
use dashmap::DashMap;
use futures::FutureExt;
use sluice_contract::job::{CopyProgress, JobSpec, Work};
use sluice_contract::message::Talk;
use sluice_contract::{Code, Fault, JobId, NodeId};
use sluice_copy::{Bandwidth, Continuation, Deal, Dealer, SharedCopy};
use sluice_store_core::Part;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// This node is asked to help.
pub(crate) struct Invited {
    pub(crate) about: About,
    pub(crate) leader: NodeId,
    pub(crate) spec: JobSpec,
    pub(crate) copy: SharedCopy,
}

impl Message for Invited {
    type Result = ();
}

/// The copies that this node helps with.
pub(crate) type Helpers = DashMap<JobId, Arc<Help>>;

/// A copy that this node helps with. It deals to the workers here what the leader says.
pub(crate) struct Help {
    hub: Arc<Hub>,
    pub(crate) about: About,
    leader: NodeId,
    /// Cancelled when it is to end.
    pub(crate) stop: CancellationToken,
    number: AtomicU64,
    state: Mutex<State>,
}

struct State {
    heard: Instant,
    said: Instant,
    questions: HashMap<u64, oneshot::Sender<Deal>>,
    unnoted: HashMap<u64, oneshot::Sender<()>>,
}

impl Help {
    pub(crate) fn new(hub: Arc<Hub>, about: About, leader: NodeId) -> Self {
        let now = Instant::now();
        Self {
            hub,
            about,
            leader,
            stop: CancellationToken::new(),
            number: AtomicU64::new(0),
            state: Mutex::new(State {
                heard: now,
                said: now,
                questions: HashMap::new(),
                unnoted: HashMap::new(),
            }),
        }
    }

    /// The leader says something.
    pub(crate) fn hear(&self, from: &NodeId, talk: &Talk) {
        if *talk == Talk::End {
            self.stop.cancel();
            return;
        }
        if *from != self.leader {
            return;
        }
        let mut state = self.lock();
        state.heard = Instant::now();
        match talk {
            Talk::Read { number, place } => {
                if let Some(waiting) = state.questions.remove(number) {
                    let _ = waiting.send(Deal::Read(usize::try_from(*place).unwrap_or(usize::MAX)));
                }
            }
            Talk::Over { number } => {
                if let Some(waiting) = state.questions.remove(number) {
                    let _ = waiting.send(Deal::Over(Vec::new()));
                }
            }
            Talk::Noted { place } => {
                if let Some(waiting) = state.unnoted.remove(place) {
                    let _ = waiting.send(());
                }
            }
            _ => {}
        }
    }

    /// From time to time: says that it is there, and stops when the leader has been silent for too long.
    pub(crate) fn tick(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        if now - state.heard > SILENCE && !self.stop.is_cancelled() {
            tracing::warn!(job = %self.about.job, "Nothing is heard of the node that leads a copy; this one stops helping.");
            self.stop.cancel();
        }
        if now - state.said >= ALIVE {
            state.said = now;
            self.about.say(&self.hub, None, Talk::Alive);
        }
    }

    /// Says something until it is answered.
    async fn ask<T>(&self, talk: impl Fn() -> Talk, mut answer: oneshot::Receiver<T>) -> Result<T, Fault> {
        loop {
            self.about.say(&self.hub, None, talk());
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Fault::new(Code::NotShared, "the copy is over, or its leader is silent")),
                answered = timeout(AGAIN, &mut answer) => {
                    if let Ok(Ok(answer)) = answered {
                        return Ok(answer);
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Dealer for Help {
    async fn begin(&self, _copy: SharedCopy) -> Result<(), Fault> {
        Ok(())
    }

    async fn next(&self) -> Result<Deal, Fault> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.lock().questions.insert(number, sender);
        self.ask(|| Talk::Ask { number }, answer).await
    }

    async fn finished(&self, place: usize, part: &Part) -> Result<(), Fault> {
        let (place, part) = (place as u64, serde_json::to_value(part).unwrap_or_default());
        let (sender, noted) = oneshot::channel();
        self.lock().unnoted.insert(place, sender);
        let talk = || Talk::Finished {
            place,
            part: part.clone(),
        };
        self.ask(talk, noted).await
    }

    fn is_waiting(&self) -> bool {
        let state = self.lock();
        !state.questions.is_empty() || !state.unnoted.is_empty()
    }
}

/// Helps until nothing is left, and gives the place back.
pub(crate) async fn run(hub: Arc<Hub>, help: Arc<Help>, spec: JobSpec, copy: SharedCopy) {
    let work = AssertUnwindSafe(take_part(&hub, &help, &spec, copy)).catch_unwind();
    let reason = match work.await {
        Ok(Ok(parts)) => {
            tracing::info!(job = %help.about.job, parts, "This node has helped with a copy.");
            "nothing is left".to_owned()
        }
        Ok(Err(fault)) => {
            tracing::info!(job = %help.about.job, %fault, "This node does not help with a copy any more.");
            fault.to_string()
        }
        Err(_) => "it failed unexpectedly".to_owned(),
    };
    help.about.say(&hub, None, Talk::Leave { reason });
    hub.helpers.remove(&help.about.job);
    hub.scheduler.tell(super::super::messages::Ended);
}

async fn take_part(hub: &Arc<Hub>, help: &Arc<Help>, spec: &JobSpec, copy: SharedCopy) -> Result<u64, Fault> {
    let Work::Copy(work) = &spec.work else {
        return Err(Fault::new(Code::NotShared, "the job is no copy"));
    };
    let options = options_of(hub, &work.settings, &Bandwidth::unlimited())?;
    // This node's own policy counts here, whatever the leader's says.
    allowed(hub, &work.source, Use::Read).await?;
    allowed(hub, &work.sink, Use::Write).await?;
    let ends = [Some(&work.source), Some(&work.sink), None, None];
    let [Some(source), Some(sink), ..] = connections(hub, ends).await? else {
        return Err(Fault::new(Code::Internal, "a connection was not borrowed"));
    };
    let About { job, attempt, token } = help.about.clone();
    let job = job_of(
        work,
        (job, attempt, token),
        (source, sink),
        options,
        Continuation::default(),
    );
    let progress = watch::channel(CopyProgress::default()).0;
    sluice_copy::help(job, copy, help.clone(), progress, help.stop.clone()).await
}

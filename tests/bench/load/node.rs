//! A node that greets, beats, and ends every job it gets at once with success.

use super::identity::Identity;
use chrono::Utc;
use sluice_channel::{Address, ControlChannel, Inbox, Outbox, Settle};
use sluice_contract::job::{CopyOutcome, Outcome};
use sluice_contract::message::{Claim, Completed, Heartbeat, Hello, PrepareCommit};
use sluice_contract::{Envelope, Fault, JobId, Message, Object};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

/// As the agent does it: the first pause before connecting again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
const SEND: Duration = Duration::from_secs(60);

/// What all nodes tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Nodes with a session.
    pub(super) welcomed: AtomicUsize,
    /// When the last of them got it, of those since the last reset, as seconds since `begun`.
    pub(super) sessions: Mutex<Vec<f64>>,
    pub(super) begun: Mutex<Option<Instant>>,
    /// Seconds from each heartbeat to its answer.
    pub(super) answers: Mutex<Vec<f64>>,
    /// Connections that were lost.
    pub(super) lost: AtomicUsize,
    pub(super) completed: AtomicUsize,
}

impl Told {
    /// From now on.
    pub(super) fn reset(&self) {
        self.sessions.lock().unwrap().clear();
        self.answers.lock().unwrap().clear();
        *self.begun.lock().unwrap() = Some(Instant::now());
    }
}

/// Keeps a node connected for ever, as an agent does.
pub(super) async fn live(identity: &Identity, told: &Told, places: u32) {
    let mut pause = PAUSES.0;
    loop {
        let since = Instant::now();
        if let Err(_fault) = session(identity, told, places).await {
            told.lost.fetch_add(1, Ordering::Relaxed);
        }
        if since.elapsed() > Duration::from_secs(30) {
            pause = PAUSES.0;
        }
        sleep(pause.mul_f64(0.7 + 0.6 * fraction())).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

fn fraction() -> f64 {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// The counter goes down again however a session ends.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Talk<'a> {
    identity: &'a Identity,
    events: Box<dyn Outbox>,
    epoch: u64,
    sequence: AtomicU64,
}

impl Talk<'_> {
    fn envelope(&self, message: &Message) -> Envelope {
        let peer = &self.identity.peer;
        let mut envelope = Envelope::new(peer.gateway.clone(), message).node(peer.node.clone());
        envelope.epoch = self.epoch;
        envelope.seq = self.sequence.fetch_add(1, Ordering::Relaxed);
        envelope
    }

    async fn send(&self, envelope: &Envelope) -> Result<(), Fault> {
        self.events
            .send(envelope, SEND)
            .await
            .map_err(|error| error.into_fault())
    }
}

async fn session(identity: &Identity, told: &Told, places: u32) -> Result<(), Fault> {
    let mut link = identity.channel.connect().await?;
    let (gateway, node) = (identity.peer.gateway.clone(), identity.peer.node.clone());
    let control = Address::Control {
        gateway: gateway.clone(),
        node,
    };
    let mut control = link.consume(&control, 32).await?;
    let events = link
        .publisher(&Address::Events {
            gateway: Some(gateway.clone()),
        })
        .await?;
    let mut talk = Talk {
        identity,
        events,
        epoch: 0,
        sequence: AtomicU64::new(0),
    };
    let hello = talk.envelope(&Message::GatewayHello(Hello {
        version: "0.1.0".to_owned(),
        slots: places,
        ..Hello::default()
    }));
    talk.send(&hello).await?;
    let welcome = loop {
        let delivery = control.next().await?;
        let envelope = delivery.envelope.clone();
        control.settle(delivery, Settle::Accept).await?;
        control.add_credit(1).await?;
        if let Message::SessionWelcome(welcome) = envelope.message()? {
            break welcome;
        }
    };
    talk.epoch = welcome.epoch;
    told.welcomed.fetch_add(1, Ordering::Relaxed);
    let _counted = Counted(&told.welcomed);
    if let Some(begun) = *told.begun.lock().unwrap() {
        told.sessions.lock().unwrap().push(begun.elapsed().as_secs_f64());
    }
    let jobs = link.consume(&Address::Jobs { gateway }, places).await?;
    let heartbeat = Duration::from_secs(u64::from(welcome.heartbeat_s));
    serve(&talk, told, control, jobs, heartbeat).await
}

async fn serve(
    talk: &Talk<'_>,
    told: &Told,
    mut control: Box<dyn Inbox>,
    mut jobs: Box<dyn Inbox>,
    heartbeat: Duration,
) -> Result<(), Fault> {
    // Spread over the interval, as nodes are that were not started in one moment.
    let first = tokio::time::Instant::now() + heartbeat.mul_f64(fraction());
    let mut beats = interval_at(first, heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked: HashMap<String, Instant> = HashMap::new();
    let mut tokens: HashMap<JobId, (u32, u64)> = HashMap::new();
    loop {
        tokio::select! {
            _ = beats.tick() => {
                let beat = talk.envelope(&Message::GatewayHeartbeat(Heartbeat { slots_free: 1, slots: 1, ..Heartbeat::default() }));
                asked.insert(beat.id.clone(), Instant::now());
                talk.send(&beat).await?;
            }
            delivery = jobs.next() => {
                let delivery = delivery?;
                let (job, attempt) = (delivery.envelope.job.clone(), delivery.envelope.attempt);
                jobs.settle(delivery, Settle::Accept).await?;
                let (Some(job), Some(attempt)) = (job, attempt) else { continue };
                let claim = talk.envelope(&Message::JobClaim(Claim::default())).job(job, attempt, None);
                talk.send(&claim).await?;
            }
            delivery = control.next() => {
                let delivery = delivery?;
                let envelope = delivery.envelope.clone();
                control.settle(delivery, Settle::Accept).await?;
                control.add_credit(1).await?;
                let answer = envelope.message()?;
                if let (Message::LeaseRenewed(_), Some(at)) = (&answer, envelope.corr.as_ref().and_then(|id| asked.remove(id))) {
                    told.answers.lock().unwrap().push(at.elapsed().as_secs_f64());
                }
                let (Some(job), Some(attempt)) = (envelope.job.clone(), envelope.attempt) else {
                    if matches!(answer, Message::EventAck(_)) {
                        told.completed.fetch_add(1, Ordering::Relaxed);
                        jobs.add_credit(1).await?;
                    }
                    continue;
                };
                match answer {
                    Message::LeaseGranted(granted) => {
                        tokens.insert(job.clone(), (attempt, granted.token));
                        let ask = talk.envelope(&Message::JobPrepareCommit(PrepareCommit::default()));
                        talk.send(&ask.job(job, attempt, Some(granted.token))).await?;
                    }
                    Message::CommitGranted(_) => {
                        if let Some((attempt, token)) = tokens.remove(&job) {
                            talk.send(&talk.envelope(&done()).job(job, attempt, Some(token))).await?;
                        }
                    }
                    Message::EventAck(_) => {
                        told.completed.fetch_add(1, Ordering::Relaxed);
                        jobs.add_credit(1).await?;
                    }
                    Message::LeaseDenied(_) => jobs.add_credit(1).await?,
                    _ => {}
                }
            }
        }
    }
}

fn done() -> Message {
    let outcome = CopyOutcome {
        rows_read: 1,
        rows_copied: 1,
        started: Some(Utc::now()),
        finished: Some(Utc::now()),
        parallel: 1,
        ..CopyOutcome::default()
    };
    Message::JobCompleted(Completed {
        outcome: Outcome::Copy(Box::new(outcome)),
        extra: Object::new(),
    })
}

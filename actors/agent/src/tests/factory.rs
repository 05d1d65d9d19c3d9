//! A factory that follows a script, behind the real endpoint.

use super::pki::Ca;
use super::until;
use rustls::ServerConfig;
use sluice_channel::{Address, Embedded, EmbeddedOptions, Gatekeeper, Inbox, Outbox, Peer, Settle};
use sluice_contract::job::{CopySpec, Endpoint, JobSpec, Work};
use sluice_contract::message::{
    CommitDecision, Dispatch, EventAck, LeaseDenied, LeaseGranted, LeaseRenewed, RenewedLease, RevokedLease, Welcome,
};
use sluice_contract::{Code, Envelope, Fault, Message, Object};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

pub(super) const GATEWAY: &str = "gateway-1";
pub(super) const NODE: &str = "node-1";

/// What the factory does of its own accord.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// Answers a claim with a lease; a number is the lease in seconds.
    pub(super) lease: Option<u32>,
    /// Answers heartbeats.
    pub(super) renew: bool,
    /// Takes these jobs' leases back with the next heartbeat.
    pub(super) revoke: Vec<String>,
    /// Answers `job.prepare_commit`: `None` not at all.
    pub(super) commit: Option<bool>,
    /// Acknowledges outcomes.
    pub(super) ack: bool,
    /// Puts messages of this type aside.
    pub(super) refuse: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            lease: Some(60),
            renew: true,
            revoke: Vec::new(),
            commit: Some(true),
            ack: true,
            refuse: None,
        }
    }
}

struct OneNode;

impl Gatekeeper for OneNode {
    fn admit(&self, _: &[u8]) -> Result<Peer, Fault> {
        Ok(Peer {
            gateway: GATEWAY.into(),
            node: NODE.into(),
        })
    }
}

/// The factory.
pub(super) struct Factory {
    pub(super) embedded: Embedded,
    pub(super) script: Arc<Mutex<Script>>,
    /// All events that came.
    events: Arc<Mutex<Vec<Envelope>>>,
    jobs: Arc<dyn Outbox>,
    control: mpsc::UnboundedSender<Envelope>,
}

impl Factory {
    pub(super) async fn start(ca: &Ca, script: Script) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), ca.amqps(), script).await
    }

    pub(super) async fn listen(listen: SocketAddr, tls: Arc<ServerConfig>, script: Script) -> Self {
        let options = EmbeddedOptions {
            listen,
            tls,
            idle_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(5),
        };
        let embedded = Embedded::bind(options, Arc::new(OneNode)).await.unwrap();
        let mut link = embedded.channel().connect().await.unwrap();
        let inbox = link.consume(&Address::Events { gateway: None }, 1000).await.unwrap();
        let gateway = GATEWAY.into();
        let jobs = Arc::from(link.publisher(&Address::Jobs { gateway }).await.unwrap());
        let address = Address::Control {
            gateway: GATEWAY.into(),
            node: NODE.into(),
        };
        let outbox = link.publisher(&address).await.unwrap();
        let (control, messages) = mpsc::unbounded_channel();
        tokio::spawn(send_all(outbox, messages));
        let events = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script));
        tokio::spawn(answer_all(
            inbox,
            Arc::clone(&events),
            Arc::clone(&script),
            control.clone(),
        ));
        Self {
            embedded,
            script,
            events,
            jobs,
            control,
        }
    }

    /// Sends a job; returns when the node has settled it.
    pub(super) async fn dispatch(&self, job: &str, attempt: u32, spec: JobSpec) -> Result<(), Fault> {
        let envelope = dispatch(job, attempt, spec);
        let sent = self.jobs.send(&envelope, Duration::from_secs(20)).await;
        sent.map_err(|error| error.into_fault())
    }

    /// Sends a job with any data.
    pub(super) async fn dispatch_data(&self, job: &str, attempt: u32, data: serde_json::Value) -> Result<(), Fault> {
        let mut envelope = dispatch(job, attempt, spec("ok"));
        envelope.data = data;
        let sent = self.jobs.send(&envelope, Duration::from_secs(20)).await;
        sent.map_err(|error| error.into_fault())
    }

    /// Sends a job and does not wait for its settlement.
    pub(super) fn dispatch_later(&self, job: &str, attempt: u32, spec: JobSpec) {
        let (jobs, envelope) = (Arc::clone(&self.jobs), dispatch(job, attempt, spec));
        tokio::spawn(async move { jobs.send(&envelope, Duration::from_secs(60)).await });
    }

    /// Sends a control message.
    pub(super) fn tell(&self, message: &Message, job: Option<(&str, u32)>) -> String {
        let mut envelope = Envelope::new(GATEWAY.into(), message).node(NODE.into());
        if let Some((job, attempt)) = job {
            envelope = envelope.job(job.into(), attempt, None);
        }
        let id = envelope.id.clone();
        self.control.send(envelope).unwrap();
        id
    }

    /// All events of a type so far.
    pub(super) fn all(&self, kind: &str) -> Vec<Envelope> {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.kind == kind).cloned().collect()
    }

    /// The jobs that were claimed. One may be claimed several times, until it is answered.
    pub(super) fn claimed(&self) -> BTreeSet<String> {
        let claims = self.all("job.claim");
        claims
            .iter()
            .map(|claim| claim.job.as_ref().unwrap().to_string())
            .collect()
    }

    /// Waits for so many events of a type.
    pub(super) async fn wait(&self, kind: &str, count: usize) -> Vec<Envelope> {
        until(&format!("{count} of {kind}"), || {
            let found = self.all(kind);
            (found.len() >= count).then_some(found)
        })
        .await
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
}

fn dispatch(job: &str, attempt: u32, spec: JobSpec) -> Envelope {
    let message = Message::JobDispatch(Dispatch {
        spec,
        extra: Object::new(),
    });
    let mut envelope = Envelope::new(GATEWAY.into(), &message).job(job.into(), attempt, None);
    envelope.id = format!("{job}:{attempt}");
    envelope
}

async fn send_all(outbox: Box<dyn Outbox>, mut messages: mpsc::UnboundedReceiver<Envelope>) {
    while let Some(envelope) = messages.recv().await {
        let _ = outbox.send(&envelope, Duration::from_secs(20)).await;
    }
}

async fn answer_all(
    mut inbox: Box<dyn Inbox>,
    events: Arc<Mutex<Vec<Envelope>>>,
    script: Arc<Mutex<Script>>,
    control: mpsc::UnboundedSender<Envelope>,
) {
    let mut epoch = 0;
    while let Ok(delivery) = inbox.next().await {
        let event = delivery.envelope.clone();
        events.lock().unwrap().push(event.clone());
        let script = script.lock().unwrap().clone();
        let refused = script.refuse.as_ref() == Some(&event.kind);
        let how = if refused {
            Settle::DeadLetter("the script says so".to_owned())
        } else {
            Settle::Accept
        };
        inbox.settle(delivery, how).await.unwrap();
        inbox.add_credit(1).await.unwrap();
        if refused {
            continue;
        }
        if let Some(message) = answer(&event, &script, &mut epoch) {
            let mut envelope = Envelope::new(GATEWAY.into(), &message)
                .node(NODE.into())
                .answering(&event);
            (envelope.job, envelope.attempt, envelope.token) = (event.job, event.attempt, event.token);
            control.send(envelope).unwrap();
        }
    }
}

fn answer(event: &Envelope, script: &Script, epoch: &mut u64) -> Option<Message> {
    let extra = Object::new();
    match event.message().unwrap() {
        Message::GatewayHello(_) => {
            *epoch += 1;
            Some(Message::SessionWelcome(Welcome {
                concurrent_jobs_limit: None,
                epoch: *epoch,
                heartbeat_s: 1,
                lease_s: script.lease.unwrap_or(60),
                server_time: chrono::Utc::now(),
                reconcile: Vec::new(),
                replicas: Vec::new(),
                extra,
            }))
        }
        Message::GatewayHeartbeat(beat) if script.renew => {
            let revoked = |job: &str| script.revoke.iter().any(|revoked| revoked == job);
            let (revoke, keep): (Vec<_>, Vec<_>) =
                beat.leases.into_iter().partition(|lease| revoked(lease.job.as_str()));
            let granted = keep.into_iter().map(|lease| RenewedLease {
                job: lease.job,
                lease_s: script.lease.unwrap_or(60),
                extra: Default::default(),
            });
            let taken = revoke.into_iter().map(|lease| RevokedLease {
                job: lease.job,
                reason: "the script says so".to_owned(),
                extra: Default::default(),
            });
            Some(Message::LeaseRenewed(LeaseRenewed {
                granted: granted.collect(),
                revoked: taken.collect(),
                extra,
            }))
        }
        Message::JobClaim(_) => Some(match script.lease {
            Some(lease_s) => Message::LeaseGranted(LeaseGranted {
                token: u64::from(event.attempt.unwrap()) * 10,
                lease_s,
                extra,
            }),
            None => Message::LeaseDenied(LeaseDenied {
                reason: "another node has it".to_owned(),
                extra,
            }),
        }),
        Message::JobPrepareCommit(_) => script.commit.map(|granted| {
            let decision = |reason: &str| CommitDecision {
                reason: reason.to_owned(),
                extra: Object::new(),
            };
            if granted {
                Message::CommitGranted(decision(""))
            } else {
                Message::CommitDenied(decision("a newer attempt decides"))
            }
        }),
        Message::JobCompleted(_) | Message::JobFailed(_) | Message::JobCancelled(_) | Message::JobReject(_)
            if script.ack =>
        {
            Some(Message::EventAck(EventAck {
                ids: vec![event.id.clone()],
                extra,
            }))
        }
        _ => None,
    }
}

/// A linked service of the test store.
pub(super) fn endpoint(name: &str, mode: &str) -> Endpoint {
    let properties = serde_json::json!({ "server": "db.local", "mode": mode });
    Endpoint {
        name: name.to_owned(),
        kind: "TestStore".to_owned(),
        properties: properties.as_object().unwrap().clone(),
        sealed: None,
        dataset_kind: "TestTable".to_owned(),
        dataset: Object::new(),
        activity: Object::new(),
        extra: Object::new(),
    }
}

/// A copy whose source behaves like `mode`.
pub(super) fn spec(mode: &str) -> JobSpec {
    JobSpec {
        run: "run-1".into(),
        pipeline: "pipeline".to_owned(),
        activity: "copy".to_owned(),
        activity_run: String::new(),
        work: Work::Copy(Box::new(CopySpec {
            log: None,
            redirect: None,
            source: endpoint(&format!("from-{mode}"), mode),
            sink: endpoint("to", "sink"),
            settings: Object::new(),
            checkpoint: None,
        })),
        timeout_s: 600,
        retries_left: 0,
        extra: Object::new(),
    }
}

/// The fault of a `job.failed` or `job.reject`.
pub(super) fn fault(event: &Envelope) -> Code {
    match event.message().unwrap() {
        Message::JobFailed(failed) => failed.fault.code,
        Message::JobReject(reject) => reject.fault.code,
        other => panic!("{} has no fault", other.kind()),
    }
}

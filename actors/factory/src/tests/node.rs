//! A scripted node: enrols with a certificate request, connects over AMQP, and does what a test says.

use super::fixture::{Answer, Fixture, PATIENCE};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sluice_channel::{Address, AmqpChannel, AmqpOptions, ControlChannel, Inbox, Link, Outbox, Peer, Settle};
use sluice_contract::enrol::EnrolReply;
use sluice_contract::job::{CopyOutcome, Outcome};
use sluice_contract::message::{Claim, Completed, ComponentState, Hello, PrepareCommit};
use sluice_contract::{Envelope, JobId, Message, Object};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a node gets by registering.
pub(super) struct Identity {
    pub(super) reply: EnrolReply,
    key: KeyPair,
}

/// A gateway's first registration key.
pub(super) async fn auth_key(fixture: &Fixture) -> String {
    let keys = fixture
        .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
        .await
        .ok();
    keys["authKey1"].as_str().unwrap().to_owned()
}

/// A credential certificate, and the key to open what is sealed to it.
pub(super) fn credential() -> sluice_seal::GatewayKey {
    sluice_seal::generate_key("gw1").unwrap()
}

/// `POST /enrol/v1/nodes`, without a bearer token.
pub(super) async fn enrol(fixture: &Fixture, key: &str, name: &str, certificate: &str, csr: &str) -> Answer {
    let url = format!("{}/enrol/v1/nodes", fixture.factory.rest_url());
    let body = json!({ "key": key, "csr": csr, "node_name": name, "credential_certificate": certificate,
        "version": "0.1.0", "machine": "gw01" });
    let reply = fixture
        .client
        .request(Method::POST, url)
        .json(&body)
        .send()
        .await
        .unwrap();
    Answer {
        status: reply.status(),
        headers: reply.headers().clone(),
        text: reply.text().await.unwrap(),
    }
}

/// A certificate request and its key.
pub(super) fn request() -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    // The name asked for is not the one that is given.
    let params = CertificateParams::new(vec!["i-am-the-factory".to_owned()]).unwrap();
    (params.serialize_request(&key).unwrap().pem().unwrap(), key)
}

impl Identity {
    /// Registers a node of `gw1`.
    pub(super) async fn register(fixture: &Fixture, name: &str, certificate: &str) -> Self {
        let (csr, key) = request();
        let answer = enrol(fixture, &auth_key(fixture).await, name, certificate, &csr).await;
        Self {
            reply: serde_json::from_value(answer.ok()).unwrap(),
            key,
        }
    }

    fn peer(&self) -> Peer {
        Peer {
            gateway: self.reply.gateway.clone(),
            node: self.reply.node.clone(),
        }
    }

    fn channel(&self) -> AmqpChannel {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.reply.ca.as_bytes()).unwrap())
            .unwrap();
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(self.reply.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes()).unwrap(),
            )
            .unwrap();
        AmqpChannel::new(AmqpOptions {
            endpoint: self.reply.amqp_endpoint.clone(),
            tls: Arc::new(tls),
            peer: self.peer(),
            idle_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(20),
            network: sluice_channel::Network::open(),
        })
    }

    /// Connects; an error when the factory refuses.
    pub(super) async fn try_connect(&self, slots: u32) -> Result<Node, sluice_contract::Fault> {
        let (gateway, node) = (self.reply.gateway.clone(), self.reply.node.clone());
        let mut link = self.channel().connect().await?;
        let control = Address::Control {
            gateway: gateway.clone(),
            node,
        };
        let inbox = link.consume(&control, 100).await?;
        let jobs = link
            .consume(
                &Address::Jobs {
                    gateway: gateway.clone(),
                },
                slots,
            )
            .await?;
        let events = link.publisher(&Address::Events { gateway: Some(gateway) }).await?;
        Ok(Node {
            peer: self.peer(),
            link,
            control: inbox,
            jobs,
            events,
            epoch: 0,
            seq: AtomicU64::new(0),
            components: Vec::new(),
        })
    }

    /// Connects and opens a session.
    pub(super) async fn connect(&self, slots: u32) -> Node {
        let mut node = self.try_connect(slots).await.unwrap();
        node.hello().await;
        node
    }
}

/// A connected node.
pub(super) struct Node {
    peer: Peer,
    link: Box<dyn Link>,
    control: Box<dyn Inbox>,
    jobs: Box<dyn Inbox>,
    events: Box<dyn Outbox>,
    pub(super) epoch: u64,
    seq: AtomicU64,
    /// What its heartbeats tell of its components.
    pub(super) components: Vec<ComponentState>,
}

/// A job as it was handed out.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) data: Value,
}

impl Node {
    /// A message of this node.
    pub(super) fn envelope(&self, message: &Message) -> Envelope {
        let mut envelope = Envelope::new(self.peer.gateway.clone(), message).node(self.peer.node.clone());
        envelope.epoch = self.epoch;
        envelope.seq = self.seq.fetch_add(1, Ordering::Relaxed);
        envelope
    }

    /// About a job.
    pub(super) fn about(&self, handed: &Handed, token: Option<u64>, message: &Message) -> Envelope {
        self.envelope(message).job(handed.job.clone(), handed.attempt, token)
    }

    pub(super) async fn send(&self, envelope: &Envelope) {
        self.try_send(envelope)
            .await
            .unwrap_or_else(|fault| panic!("{fault:?}"));
    }

    /// The same; the fault with which the factory refuses it.
    pub(super) async fn try_send(&self, envelope: &Envelope) -> Result<(), sluice_contract::Fault> {
        let sent = self.events.send(envelope, PATIENCE).await;
        sent.map_err(sluice_channel::SendError::into_fault)
    }

    /// The next control message of a kind; others are taken and forgotten.
    pub(super) async fn next(&mut self, kinds: &[&str]) -> Envelope {
        let wait = async {
            loop {
                let delivery = self.control.next().await.unwrap();
                let envelope = delivery.envelope.clone();
                self.control.settle(delivery, Settle::Accept).await.unwrap();
                if kinds.contains(&envelope.kind.as_str()) {
                    return envelope;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("none of {kinds:?} came"))
    }

    /// Sends and waits for the answer to just this message.
    pub(super) async fn ask(&mut self, envelope: &Envelope, kinds: &[&str]) -> Envelope {
        self.send(envelope).await;
        loop {
            let answer = self.next(kinds).await;
            if answer.corr.as_deref() == Some(&envelope.id) {
                return answer;
            }
        }
    }

    async fn hello(&mut self) {
        let hello = Message::GatewayHello(Hello {
            version: "0.1.0".to_owned(),
            os: "linux-x86_64".to_owned(),
            machine: "gw01".to_owned(),
            slots: 2,
            ..Hello::default()
        });
        let welcome = self.ask(&self.envelope(&hello), &["session.welcome"]).await;
        self.epoch = welcome.data["epoch"].as_u64().unwrap();
    }

    /// Takes the next job, and has room for another one.
    pub(super) async fn take_job(&mut self) -> Handed {
        let handed = self.take_last_job().await;
        self.jobs.add_credit(1).await.unwrap();
        handed
    }

    /// Takes the next job, and has no more room than before.
    pub(super) async fn take_last_job(&mut self) -> Handed {
        let delivery = tokio::time::timeout(PATIENCE, self.jobs.next())
            .await
            .expect("a job came")
            .unwrap();
        let handed = Handed {
            job: delivery.envelope.job.clone().unwrap(),
            attempt: delivery.envelope.attempt.unwrap(),
            data: delivery.envelope.data.clone(),
        };
        self.jobs.settle(delivery, Settle::Accept).await.unwrap();
        handed
    }

    /// Claims a job; the token, if it was granted.
    pub(super) async fn claim(&mut self, handed: &Handed) -> Option<u64> {
        let claim = self.about(handed, None, &Message::JobClaim(Claim::default()));
        let answer = self.ask(&claim, &["lease.granted", "lease.denied"]).await;
        (answer.kind == "lease.granted").then(|| answer.data["token"].as_u64().unwrap())
    }

    /// Asks to commit; whether it may.
    pub(super) async fn prepare(&mut self, handed: &Handed, token: u64) -> bool {
        let ask = self.about(
            handed,
            Some(token),
            &Message::JobPrepareCommit(PrepareCommit::default()),
        );
        self.ask(&ask, &["commit.granted", "commit.denied"]).await.kind == "commit.granted"
    }

    /// Reports success, and waits for the acknowledgement.
    pub(super) async fn complete(&mut self, handed: &Handed, token: u64, rows: u64) -> Envelope {
        let outcome = CopyOutcome {
            rows_read: rows,
            rows_copied: rows,
            bytes_read: rows * 10,
            bytes_written: rows * 8,
            started: Some(chrono::Utc::now() - chrono::TimeDelta::seconds(2)),
            finished: Some(chrono::Utc::now()),
            parallel: 2,
            ..CopyOutcome::default()
        };
        let done = Message::JobCompleted(Completed {
            outcome: Outcome::Copy(Box::new(outcome)),
            extra: Object::new(),
        });
        let envelope = self.about(handed, Some(token), &done);
        self.ask(&envelope, &["event.ack"]).await;
        envelope
    }

    /// Cuts the connection.
    pub(super) async fn leave(self) {
        self.link.close(Duration::from_secs(5)).await;
    }
}

impl Node {
    /// Waits until the factory has cut the connection.
    pub(super) async fn closed(&mut self) {
        tokio::time::timeout(PATIENCE, self.link.closed())
            .await
            .expect("the connection is cut");
    }

    /// Sends a heartbeat for these jobs and tokens; the factory's answer.
    pub(super) async fn heartbeat(&mut self, held: &[(&Handed, u64)]) -> Envelope {
        use sluice_contract::job::CopyProgress;
        use sluice_contract::message::{Heartbeat, LeaseState};
        let leases = held.iter().map(|(handed, token)| LeaseState {
            job: handed.job.clone(),
            attempt: handed.attempt,
            token: *token,
            extra: Object::new(),
            progress: CopyProgress {
                stage: "copying".to_owned(),
                rows_read: 40,
                rows_written: 30,
                bytes_read: 4000,
                bytes_written: 3000,
                rows_expected: Some(100),
                ..CopyProgress::default()
            },
        });
        let beat = Message::GatewayHeartbeat(Heartbeat {
            slots_free: 1,
            slots: 2,
            busy: None,
            components: self.components.clone(),
            components_left_out: 0,
            cpu_percent: 12.0,
            memory_available: 512 * 1024 * 1024,
            leases: leases.collect(),
            extra: Object::new(),
        });
        self.ask(&self.envelope(&beat), &["lease.renewed"]).await
    }
}

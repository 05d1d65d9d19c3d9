//! Testing a connection stage by stage.

use crate::errors;
use crate::session::Session;
use crate::settings::{CONNECT_TIMEOUT, Settings};
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
use std::future::Future;
use std::time::{Duration, Instant};

/// Stages so far; the first failed one ends them.
struct Stages(Vec<ProbeStage>);

impl Stages {
    fn add(&mut self, name: &str, took: Duration, fault: Option<Fault>) {
        self.0.push(ProbeStage {
            name: name.to_owned(),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            fault,
            extra: Default::default(),
        });
    }

    /// Runs one, within the time that a connection may take. None when it failed.
    async fn run<T>(&mut self, name: &str, stage: impl Future<Output = Result<T, Fault>>) -> Option<T> {
        let started = Instant::now();
        let outcome = tokio::time::timeout(CONNECT_TIMEOUT, stage).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            Err(Fault::new(Code::StoreUnreachable, text))
        });
        let (value, fault) = match outcome {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        self.add(name, started.elapsed(), fault);
        value
    }
}

/// `resolve`, `connect`, `tls` where there is TLS, `login`, `read`.
pub(crate) async fn run(settings: &Settings) -> Vec<ProbeStage> {
    let mut stages = Stages(Vec::new());
    // Passing through every stage is the point; where it ended is in the list.
    let _ = through(settings, &mut stages).await;
    stages.0
}

async fn through(settings: &Settings, stages: &mut Stages) -> Option<()> {
    let place = format!("{}:{}", settings.host, settings.port);
    let unreachable =
        |what: &str, error: std::io::Error| Fault::new(Code::StoreUnreachable, format!("{what} {place}: {error}"));
    // A path is a unix socket: no name, no network.
    if !settings.host.starts_with('/') {
        let resolve = settings.network.addresses(&settings.host, settings.port);
        let addresses = stages.run("resolve", resolve).await?;
        let connect = async {
            let connected = tokio::net::TcpStream::connect(addresses.as_slice()).await;
            connected.map(drop).map_err(|error| unreachable("connecting to", error))
        };
        stages.run("connect", connect).await?;
    }
    let started = Instant::now();
    let tls = match settings.tls() {
        Ok(tls) => tls,
        Err(fault) => {
            stages.add("tls", started.elapsed(), Some(fault));
            return None;
        }
    };
    let login = Session::login(settings, tls.clone()).await;
    let took = started.elapsed();
    let handshake = tls.took();
    let session = match login {
        Err(failed) if failed.tls => {
            stages.add("tls", took, Some(failed.fault));
            return None;
        }
        login => {
            if let Some(handshake) = handshake {
                stages.add("tls", handshake, None);
            }
            let took = took.saturating_sub(handshake.unwrap_or_default());
            let (session, fault) = match login {
                Ok(session) => (Some(session), None),
                Err(failed) => (None, Some(failed.fault)),
            };
            stages.add("login", took, fault);
            session?
        }
    };
    let read = async {
        let answer = session.query_one("SELECT 1", &[]).await;
        answer.map(drop).map_err(|error| errors::fault("reading", &error))
    };
    stages.run("read", read).await
}

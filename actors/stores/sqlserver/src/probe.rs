//! Testing a connection stage by stage.

use crate::session::{self, Session};
use crate::settings::{Encrypt, Settings};
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
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

    /// Runs one. None when it failed.
    async fn run<T>(&mut self, name: &str, stage: impl Future<Output = Result<T, Fault>>) -> Option<T> {
        let started = Instant::now();
        let (value, fault) = match stage.await {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        self.add(name, started.elapsed(), fault);
        value
    }
}

/// `resolve` (with the question for a named instance), `connect`, `login` (with `tls` before it where that fails), `read`.
pub(crate) async fn run(settings: &Settings) -> Vec<ProbeStage> {
    let mut stages = Stages(Vec::new());
    // Passing through every stage is the point; where it ended is in the list.
    let _ = through(settings, &mut stages).await;
    stages.0
}

async fn through(settings: &Settings, stages: &mut Stages) -> Option<()> {
    let (addresses, port) = stages.run("resolve", session::locate(settings)).await?;
    let place = format!("connecting to {}:{port}", settings.host);
    let connect = async {
        let connected = session::connect(settings, &addresses).await;
        connected.map(drop).map_err(|fault| fault.context(place))
    };
    stages.run("connect", connect).await?;
    let started = Instant::now();
    let mut session = match Session::login(settings, &addresses, port).await {
        Err(fault) if fault.code == Code::TlsFailed => {
            stages.add("tls", started.elapsed(), Some(fault));
            return None;
        }
        Ok(session) => {
            // The driver shakes hands and logs in in one step, which is counted once.
            if settings.encrypt != Encrypt::Optional {
                stages.add("tls", Duration::ZERO, None);
            }
            stages.add("login", started.elapsed(), None);
            session
        }
        Err(fault) => {
            stages.add("login", started.elapsed(), Some(fault));
            return None;
        }
    };
    stages.run("read", session.run("reading", "SELECT 1")).await
}

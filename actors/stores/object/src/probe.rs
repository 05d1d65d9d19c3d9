//! Testing a connection stage by stage.

use crate::bucket::ObjectFiles;
use crate::errors;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
use sluice_net::Route;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For each stage.
const PATIENCE: Duration = Duration::from_secs(15);
/// No account has it; that Azure says so proves the login.
const NO_CONTAINER: &str = "sluice-probes-the-login";

struct Stages(Vec<ProbeStage>);

impl Stages {
    /// Runs a stage; none when it failed.
    async fn run<T>(&mut self, name: &str, place: &str, work: impl Future<Output = Result<T, Fault>>) -> Option<T> {
        let began = Instant::now();
        let result = timeout(PATIENCE, work).await.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(Fault::new(
                Code::StoreUnreachable,
                format!("{place}: no answer within {seconds} s"),
            ))
        });
        let (value, fault) = match result {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        self.0.push(ProbeStage {
            name: name.to_owned(),
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            fault,
            extra: Default::default(),
        });
        value
    }
}

pub(crate) async fn run(store: &ObjectFiles) -> Vec<ProbeStage> {
    let mut stages = Stages(Vec::new());
    // The last stage that ran says the rest.
    let _ = all(store, &mut stages).await;
    stages.0
}

async fn all(store: &ObjectFiles, stages: &mut Stages) -> Option<()> {
    let endpoint = store.service.endpoint();
    let place = store.label();
    let host = endpoint
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = endpoint.port_or_known_default().unwrap_or(443);
    let unreachable = |error: std::io::Error| Fault::new(Code::StoreUnreachable, format!("{host}:{port}: {error}"));
    let (network, encrypted) = (store.service.network(), endpoint.scheme() == "https");
    match network.proxy().route(&host) {
        Ok(Route::Direct) => {
            let addresses = stages.run("resolve", place, network.addresses(&host, port)).await?;
            let connect = async {
                let connected = TcpStream::connect(addresses.as_slice()).await;
                connected.map(drop).map_err(unreachable)
            };
            stages.run("connect", place, connect).await?;
        }
        // The proxy resolves the name. Where there is no TLS it is sent requests, and not asked to connect.
        Ok(Route::Via(_)) if !encrypted => {}
        Ok(Route::Via(_)) => {
            let connect = async { network.tunnel(&host, port).await.map(drop) };
            stages.run("proxy", place, connect).await?;
        }
        Err(fault) => stages.run("proxy", place, async { Err(fault) }).await?,
    }
    if encrypted {
        stages.run("tls", place, shake_hands(store)).await?;
    }
    let named = store.service.only();
    stages
        .run("login", place, log_in(store, named.unwrap_or(NO_CONTAINER)))
        .await?;
    if let Some(container) = named {
        stages.run("read", place, list(store, container)).await?;
    }
    Some(())
}

/// Any answer will do: it came over a connection that is trusted.
async fn shake_hands(store: &ObjectFiles) -> Result<(), Fault> {
    let place = store.label();
    let failed = |error| errors::request_fault("connecting to", place, error);
    let (builder, guard) = sluice_http::client(store.service.network());
    let mut builder = builder.timeout(PATIENCE);
    if let Some(pem) = store.service.ca() {
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed)?);
    }
    let client = builder.build().map_err(failed)?;
    guard.permit(store.service.endpoint()).await?;
    client
        .head(store.service.endpoint().clone())
        .send()
        .await
        .map(drop)
        .map_err(failed)
}

/// That there is no such container, or that the login may not list it, is the answer of a store that knows the login.
async fn log_in(store: &ObjectFiles, container: &str) -> Result<(), Fault> {
    match list(store, container).await {
        Err(fault) if matches!(fault.code, Code::FileNotFound | Code::PermissionDenied) => Ok(()),
        result => result,
    }
}

async fn list(store: &ObjectFiles, container: &str) -> Result<(), Fault> {
    let client = store.service.client(container, 0)?;
    let listed = client.list_with_delimiter(None).await;
    listed
        .map(drop)
        .map_err(|error| errors::fault("listing", container, &error))
}

#[cfg(test)]
mod tests;

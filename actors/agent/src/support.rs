//! What a node's state directory says to whoever looks for a mistake, without a secret: for a support bundle. The agent may run
//! or not.

use crate::identity::{Identity, Validity};
use crate::policy::PolicyKeeper;
use crate::proxy;
use crate::state::{StateDir, read_public};
use crate::vault::check_files;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_contract::enrol::BrokerAccess;
use sluice_contract::{Code, Fault};
use sluice_copy::LedgerSummary;
use sluice_net::Network;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long the factory may take to be reached.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many attempts are named.
const NEWEST: u32 = 500;
/// Files in which nothing but a secret stands.
const SECRETS: &[&str] = &["vault/passphrase", "endpoint.code"];

/// A check: what is looked at, and what came of it.
#[derive(Debug)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What was found in order, or what is wrong.
    pub outcome: Result<String, Fault>,
}

/// What is told of the message broker: not the password.
#[derive(Deserialize, Serialize)]
struct Broker {
    address: String,
    ca: Option<String>,
}

/// Looks at a node's files, and whether its factory can be reached.
pub async fn checks(state_dir: &Path) -> Vec<Check> {
    let state = StateDir::at(state_dir);
    let at = state.clone();
    let on_disk = tokio::task::spawn_blocking(move || of_files(&at)).await;
    let mut checks = on_disk.unwrap_or_default();
    let identity = Identity::load(&state);
    let channel = identity.as_ref().map(|identity| identity.amqp_endpoint.clone());
    let https = identity.as_ref().map(|identity| identity.https_endpoint.clone());
    let network = {
        let at = state.clone();
        tokio::task::spawn_blocking(move || proxy::outward(&at, None)).await
    };
    let network = network.unwrap_or_else(|e| Err(Fault::new(Code::Internal, e.to_string())));
    for (name, address) in [("channel", channel), ("factory", https)] {
        let outcome = match (address, &network) {
            (Ok(address), Ok(network)) => reached(network, &address).await,
            (Err(fault), _) => Err(fault.clone()),
            (_, Err(fault)) => Err(fault.clone()),
        };
        checks.push(Check { name, outcome });
    }
    checks
}

fn of_files(state: &StateDir) -> Vec<Check> {
    let check = |name, outcome| Check { name, outcome };
    let registered = Identity::load(state).map(|identity| {
        format!(
            "node {} of gateway {}, since {}",
            identity.node_name, identity.gateway_name, identity.registered
        )
    });
    vec![
        check("registration", registered),
        check("state directory", closed(state)),
        check("credential keys", check_files(state).map(|()| "readable".to_owned())),
        check("node certificate", certificate(state)),
        check(
            "policy",
            PolicyKeeper::new(state, None).now().map(|_| "understood".to_owned()),
        ),
        check("ledger", ledger(state).map(|_| "readable".to_owned())),
    ]
}

/// Whether others are kept out.
fn closed(state: &StateDir) -> Result<String, Fault> {
    let failed =
        |why: &dyn std::fmt::Display| Fault::new(Code::NodeStateFailed, format!("{}: {why}", state.path().display()));
    let metadata = std::fs::metadata(state.path()).map_err(|e| failed(&e))?;
    match metadata.mode() & 0o777 {
        0o700 => Ok("only its owner may enter".to_owned()),
        mode => Err(failed(&format!("its mode is {mode:04o}, not 0700"))),
    }
}

fn certificate(state: &StateDir) -> Result<String, Fault> {
    let pem = read_public(&state.node_certificate())?
        .ok_or_else(|| Fault::new(Code::NodeStateFailed, "the node's certificate is missing"))?;
    let validity = Validity::of_pem(&pem)?;
    let told = format!("valid from {} until {}", validity.from, validity.until);
    let now = Utc::now();
    match now < validity.from || now >= validity.renew_at() {
        true => Err(Fault::new(Code::CertificateExpiring, told)),
        false => Ok(told),
    }
}

async fn reached(network: &Network, address: &str) -> Result<String, Fault> {
    let unusable = || Fault::new(Code::Usage, format!("{address:?} is no address"));
    let plain = address.split("://").last().unwrap_or_default().trim_end_matches('/');
    let (host, port) = plain.rsplit_once(':').ok_or_else(unusable)?;
    let port = port.parse().map_err(|_| unusable())?;
    let late = |_| Fault::new(Code::FactoryUnreachable, format!("{plain} did not answer in time"));
    timeout(PATIENCE, network.tunnel(host.trim_matches(['[', ']']), port))
        .await
        .map_err(late)??;
    Ok(format!("{plain} takes connections"))
}

/// What the node was told, by its factory and its administrator, without passwords.
///
/// # Errors
/// `SL8006` when a file is there and cannot be read.
pub async fn configuration(state_dir: &Path) -> Result<Value, Fault> {
    let state = StateDir::at(state_dir);
    let proxy = match proxy::show(state_dir).await {
        Ok(settings) => json!(settings),
        Err(fault) => json!(fault.to_string()),
    };
    blocking(move || {
        let toml = read_public(&state.gateway_file())?.and_then(|text| toml::from_str::<Value>(&text).ok());
        let json = |name: &str| {
            let text = read_public(&state.path().join(name))?;
            Ok::<_, Fault>(text.and_then(|text| serde_json::from_str::<Value>(&text).ok()))
        };
        let broker = read_public(&state.broker_file())?.map(Zeroizing::new);
        let broker = broker.and_then(|text| serde_json::from_str::<Broker>(&text).ok());
        Ok(json!({
            "gateway": toml,
            "limits": json("limits.json")?,
            "factories": json("factories.json")?,
            "broker": broker,
            "proxy": proxy,
        }))
    })
    .await
}

/// Jobs and outcomes that the ledger holds, by name.
///
/// # Errors
/// `SL8001`, also when there is none.
pub async fn ledger_summary(state_dir: &Path) -> Result<LedgerSummary, Fault> {
    let state = StateDir::at(state_dir);
    blocking(move || ledger(&state)).await
}

fn ledger(state: &StateDir) -> Result<LedgerSummary, Fault> {
    LedgerSummary::read(&state.ledger(), NEWEST)
}

/// The secrets of the directory that could get into a text as they are. Whoever writes one takes them out of it.
pub async fn secrets(state_dir: &Path) -> Vec<Zeroizing<String>> {
    let state = StateDir::at(state_dir);
    let read = move || {
        let text = |name: &str| {
            std::fs::read_to_string(state.path().join(name))
                .ok()
                .map(Zeroizing::new)
        };
        let mut found: Vec<_> = SECRETS
            .iter()
            .filter_map(|name| text(name))
            .map(|text| Zeroizing::new(text.trim().to_owned()))
            .collect();
        let broker = text("broker.json").and_then(|text| serde_json::from_str::<BrokerAccess>(&text).ok());
        found.extend(broker.map(|broker| Zeroizing::new(broker.password.clone())));
        Ok(found)
    };
    blocking(read).await.unwrap_or_default()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("reading the state failed: {e}"))))
}

//! The quickstart's gateway: registered by key, as on a machine of its own.

use super::documents;
use crate::api::Api;
use crate::cli::note;
use serde_json::json;
use sluice_agent::{Agent, AgentOptions, Policy, RegisterOptions};
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault};
use sluice_runtime::Root;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the gateway may take to come online.
const ONLINE_WITHIN: Duration = Duration::from_secs(30);
const NODE: &str = "node1";

/// Registers this machine by key when it is not yet, starts the agent and waits until the factory sees it.
///
/// A node that was registered while the control channel had another port than `amqp_port` could never connect: it is
/// taken away and registered anew.
pub(super) async fn start(home: &Path, api: &Api, amqp_port: u16, root: &Root) -> Result<Agent, Fault> {
    let state_dir = home.join("gateway");
    api.ensure_factory().await?;
    api.put(&["integrationRuntimes", documents::GATEWAY], &documents::gateway())
        .await?;
    let file = state_dir.join("gateway.toml");
    if file.exists() && !connects_to(&file, amqp_port) {
        api.delete(&["integrationRuntimes", documents::GATEWAY, "nodes", NODE])
            .await?;
        std::fs::remove_dir_all(&state_dir)
            .map_err(|e| Fault::new(Code::FileUnreadable, format!("{}: {e}", state_dir.display())))?;
    }
    if !file.exists() {
        let keys = api
            .post(&["integrationRuntimes", documents::GATEWAY, "listAuthKeys"], &json!({}))
            .await?;
        let key = RegistrationKey::parse(keys["authKey1"].as_str().unwrap_or_default())?;
        sluice_agent::register(RegisterOptions {
            state_dir: state_dir.clone(),
            key,
            node_name: NODE.to_owned(),
            replace: false,
            key_kind: sluice_agent::KeyKind::default(),
            passphrase: None,
            await_approval: false,
        })
        .await?;
    }
    allow(&state_dir, home)?;
    let agent = Agent::start(AgentOptions::new(state_dir, crate::registry::stores()), root).await?;
    online(api).await?;
    note("3. Gateway: registered by key, online over AMQP 1.0 with TLS");
    Ok(agent)
}

/// Lets the node read and write the folders of the quickstart, and no others.
fn allow(state_dir: &Path, home: &Path) -> Result<(), Fault> {
    let file = state_dir.join("policy.toml");
    if file.exists() {
        return Ok(());
    }
    let mut policy = Policy::default();
    policy.files.roots = vec![home.join("on-premises"), home.join("cloud")];
    let text = toml::to_string(&policy).map_err(|e| Fault::new(Code::Internal, format!("TOML: {e}")))?;
    std::fs::write(&file, text).map_err(|e| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display())))
}

/// Whether a registered node knows the control channel under this port.
fn connects_to(file: &Path, port: u16) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let known = text.parse::<toml::Table>().unwrap_or_default();
    known
        .get("amqp_endpoint")
        .and_then(toml::Value::as_str)
        .is_some_and(|endpoint| endpoint.rsplit(':').next() == Some(port.to_string().as_str()))
}

async fn online(api: &Api) -> Result<(), Fault> {
    let since = Instant::now();
    loop {
        let status = api
            .post(&["integrationRuntimes", documents::GATEWAY, "getStatus"], &json!({}))
            .await?;
        let state = &status["properties"]["state"];
        if state == "Online" {
            return Ok(());
        }
        if since.elapsed() > ONLINE_WITHIN {
            let text = format!("the gateway did not come online within 30 s, its state is {state}");
            return Err(Fault::new(Code::ChannelTimeout, text));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

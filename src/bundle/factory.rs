//! The bundle of a factory. It may run or not; a running one is asked how it is, with the token of its state directory.

use super::{Bundle, checked, machine};
use crate::api::{Api, read_word};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_factory::{Access, StateOptions};
use std::path::Path;
use zeroize::Zeroizing;

/// Files in which nothing but a secret stands.
const SECRETS: &[&str] = &["admin.token", "wrapping.key"];

/// The archive of a factory, of so many bytes before it is compressed, and its manifest. `api` is how the running one is asked.
pub(crate) async fn of_factory(
    state: &Path,
    options: &StateOptions,
    api: Result<Api, Fault>,
    most: usize,
) -> Result<(Vec<u8>, Value), Fault> {
    let mut bundle = Bundle::new("factory", most, secrets(state));
    let facts = match Access::open(state, options).await {
        Ok(access) => access.support().await,
        Err(fault) => Err(fault),
    };
    let health = match &api {
        Ok(api) => api.own_get(&["health"], &[]).await,
        Err(fault) => Err(fault.clone()),
    };
    let told = |health: &Value| format!("{}, {} nodes online", health["status"], health["nodesOnline"]);
    let database = facts.as_ref().map(|_| "readable".to_owned()).map_err(Clone::clone);
    let checks = [
        checked("database", &database),
        checked("factory", &health.as_ref().map(told).map_err(Clone::clone)),
    ];
    bundle.json("checks.json", Ok(json!(checks)))?;
    bundle.json("machine.json", Ok(machine::facts()))?;
    bundle.json("files.json", Ok(machine::files(state)))?;
    bundle.json("health.json", health)?;
    let metrics = match &api {
        Ok(api) => api.own_text(&["metrics"]).await,
        Err(fault) => Err(fault.clone()),
    };
    match metrics {
        Ok(text) => bundle.text("metrics.txt", &text)?,
        Err(fault) => bundle.missing("metrics.txt", &fault),
    }
    bundle.json("database.json", facts)?;
    match std::fs::read_to_string(state.join("ca.pem")) {
        Ok(text) => bundle.text("ca.pem", &text)?,
        Err(error) => bundle.missing("ca.pem", &Fault::new(Code::FileUnreadable, error.to_string())),
    }
    bundle.logs(state, "factory")?;
    bundle.finish()
}

fn secrets(state: &Path) -> Vec<Zeroizing<String>> {
    SECRETS
        .iter()
        .filter_map(|name| read_word(&state.join(name)).ok())
        .collect()
}

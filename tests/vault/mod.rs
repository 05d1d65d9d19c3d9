//! Credentials: sealed in every way, opened on the node only, and only for what they were sealed for.

mod browser;
mod bundle;
mod canaries;
mod command;
mod encrypt;
mod endpoint;
mod exports;
mod memory;
mod moving;
mod pinning;
mod policy;
mod principal;
mod proxy;
mod rest;
mod seclusion;
mod secrets;

use serde_json::{Value, json};
use sluice_tests::rest::Rest;

/// Puts a linked service.
pub(super) async fn put_service(rest: &Rest, name: &str, document: &Value) {
    rest.put(&format!("linkedservices/{name}"), document).await.ok();
}

/// Tests a linked service through the factory.
pub(super) async fn test_connection(rest: &Rest, name: &str) -> Value {
    rest.post(&format!("linkedservices/{name}/testConnection"), &json!({}))
        .await
        .ok()
}

/// The code of the stage that failed, after the stages before it.
pub(super) fn failed_stage(answer: &Value) -> (String, String) {
    let stages = answer["stages"].as_array().unwrap();
    let last = stages.last().unwrap();
    (
        last["name"].as_str().unwrap().to_owned(),
        last["fault"]["code"].as_str().unwrap_or_default().to_owned(),
    )
}

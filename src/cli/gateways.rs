//! `sluice gateway create` and `list`: the factory's side of gateways, through its API.

use super::args::{ApiArgs, GatewayCreateArgs};
use super::documents::connect;
use super::output::{Output, note, table};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};

/// Makes a gateway when it is not there, and prints the key with which nodes register.
pub(super) async fn create(args: GatewayCreateArgs, output: &Output) -> Result<(), Fault> {
    let api = connect(&args.api)?;
    api.ensure_factory().await?;
    let path = ["integrationRuntimes", args.name.as_str()];
    match api.get(&path).await {
        Ok(_) => note(format_args!("The gateway {} is there already", args.name)),
        Err(fault) if fault.code == Code::NotFound => {
            let document = json!({ "properties": { "type": "SelfHosted" } });
            api.put(&path, &document).await?;
        }
        Err(fault) => return Err(fault),
    }
    let keys = api.post(&[path[0], path[1], "listAuthKeys"], &json!({})).await?;
    let key = keys["authKey1"]
        .as_str()
        .ok_or_else(|| Fault::new(Code::ApiRefused, "the reply to listAuthKeys has no authKey1"))?;
    note("On the gateway's machine: sluice gateway register, with this key on its standard input");
    output.print(&json!({ "name": args.name, "key": key }), |_| format!("{key}\n"));
    Ok(())
}

/// Lists the gateways of a data factory with their state.
pub(super) async fn list(args: ApiArgs, output: &Output) -> Result<(), Fault> {
    let api = connect(&args)?;
    let reply = api.get(&["integrationRuntimes"]).await?;
    let mut gateways = Vec::new();
    for gateway in reply["value"].as_array().into_iter().flatten() {
        let name = gateway["name"].as_str().unwrap_or_default();
        gateways.push(
            api.post(&["integrationRuntimes", name, "getStatus"], &json!({}))
                .await?,
        );
    }
    let rows: Vec<_> = gateways.iter().map(row).collect();
    output.print(&json!(gateways), |_| table(&["GATEWAY", "STATE", "NODES"], &rows));
    Ok(())
}

fn row(gateway: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let status = &gateway["properties"];
    let nodes = status["typeProperties"]["nodes"].as_array().into_iter().flatten();
    let nodes: Vec<_> = nodes
        .map(|node| {
            format!(
                "{} ({}, {})",
                word(&node["nodeName"]),
                word(&node["status"]),
                word(&node["version"])
            )
        })
        .collect();
    vec![word(&gateway["name"]), word(&status["state"]), nodes.join(", ")]
}

//! `sluice gateway nodes`: new nodes of the gateway get its keys from a node that has them.

use super::args::{NodesApproveArgs, NodesCommand, StateArgs};
use super::output::{Output, note, table};
use super::vault::passphrase;
use serde_json::json;
use sluice_agent::keys;
use sluice_contract::Fault;

pub(super) async fn run(command: NodesCommand, output: &Output) -> Result<(), Fault> {
    match command {
        NodesCommand::Fingerprint(args) => fingerprint(args, output).await,
        NodesCommand::Waiting(args) => waiting(args, output).await,
        NodesCommand::Approve(args) => approve(args, output).await,
    }
}

async fn fingerprint(args: StateArgs, output: &Output) -> Result<(), Fault> {
    let fingerprint = keys::fingerprint(args.dir()).await?;
    output.print(&json!({ "fingerprint": fingerprint }), |_| format!("{fingerprint}\n"));
    Ok(())
}

async fn waiting(args: StateArgs, output: &Output) -> Result<(), Fault> {
    let found = keys::waiting(args.dir()).await?;
    let rows: Vec<_> = found
        .iter()
        .map(|node| vec![node.name.clone(), node.machine.clone(), node.fingerprint.clone()])
        .collect();
    output.print(&json!(found), |_| table(&["NODE", "MACHINE", "FINGERPRINT"], &rows));
    Ok(())
}

async fn approve(args: NodesApproveArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    let approved = keys::approve(&state, &args.name, &args.fingerprint, given).await?;
    note("The new node fetches the keys when its agent runs; only it can open them");
    output.print(&json!(approved), |_| {
        format!("{} gets {} key(s) of the gateway\n", approved.name, approved.keys)
    });
    Ok(())
}

//! `sluice gateway remote-registration`: one machine registered from another.

use super::args::{RemoteCommand, RemoteOpenArgs, RemoteSendArgs};
use super::output::{Output, note};
use crate::api::read_word_or_ask;
use serde_json::json;
use sluice_agent::remote::{self, Door, OpenOptions, SendOptions};
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault};
use std::time::Duration;

pub(super) async fn run(command: RemoteCommand, output: &Output) -> Result<(), Fault> {
    match command {
        RemoteCommand::Open(args) => open(args, output).await,
        RemoteCommand::Send(args) => send(args, output).await,
    }
}

async fn open(args: RemoteOpenArgs, output: &Output) -> Result<(), Fault> {
    if !args.listen.ip().is_loopback() && !args.listen_open {
        let message = format!(
            "--listen {} can be reached from other machines: add --listen-open if that is meant",
            args.listen
        );
        return Err(Fault::new(Code::Usage, message));
    }
    let state = args.state.dir();
    let passphrase = super::vault::passphrase(&state, &args.vault).await?;
    let door = Door::open(OpenOptions {
        state_dir: state,
        listen: args.listen,
        patience: Duration::from_secs(args.minutes * 60),
        name: args.name.unwrap_or_else(super::gateway::host_name),
        key_kind: args.key.into(),
        passphrase,
    })
    .await?;
    // Whoever scripts this reads the first object while the second is still to come.
    let opened = json!({ "address": door.address.to_string(), "fingerprint": door.fingerprint, "code": door.code() });
    output.print(&opened, super::gateway::pairs);
    note(format_args!("Open for {} minutes, for one registration", args.minutes));
    let registered = door.serve().await?;
    note("Agent registration is successful! Start it with: sluice gateway run");
    let value = serde_json::to_value(&registered).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    output.print(&value, super::gateway::pairs);
    Ok(())
}

async fn send(args: RemoteSendArgs, output: &Output) -> Result<(), Fault> {
    let key = RegistrationKey::parse(&read_word_or_ask(&args.key_file, "Registration key: ")?)?;
    let code = read_word_or_ask(&args.code_file, "One-time code: ")?;
    let registered = remote::send(SendOptions {
        address: args.address,
        pin: args.pin,
        code,
        key,
        name: args.name,
        await_approval: args.await_approval,
    })
    .await?;
    note("Agent registration is successful!");
    output.print(&registered, super::gateway::pairs);
    Ok(())
}

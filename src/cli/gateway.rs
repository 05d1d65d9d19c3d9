//! `sluice gateway register`, `run` and `status`.

use super::args::{GatewayRunArgs, LimitArgs, RegisterArgs, StateArgs, UnregisterArgs};
use super::output::{Output, note, table};
use crate::api::read_word;
use crate::telemetry;
use serde_json::{Value, json};
use sluice_agent::{Agent, AgentOptions, LeaveOptions, RegisterOptions};
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault, JobId};
use sluice_runtime::Root;
use std::time::Duration;

pub(super) async fn register(args: RegisterArgs, output: &Output) -> Result<(), Fault> {
    let key = RegistrationKey::parse(&read_word(&args.key_file)?)?;
    let state = args.state.dir();
    let given = super::vault::passphrase(&state, &args.vault).await?;
    super::certificate::before_registration(&state, &args.certificate, given.clone()).await?;
    let registered = sluice_agent::register(RegisterOptions {
        state_dir: state,
        replace: args.replace,
        key_kind: args.key.into(),
        passphrase: given,
        key,
        node_name: args.name.unwrap_or_else(host_name),
        await_approval: args.await_approval,
    })
    .await?;
    let value = serde_json::to_value(&registered).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    note("Agent registration is successful!");
    if let Some(fingerprint) = &registered.fingerprint {
        note(format_args!(
            "It waits for the gateway's keys. On a node that has them: sluice gateway nodes approve {} --fingerprint {fingerprint}",
            registered.node_name
        ));
    }
    output.print(&value, pairs);
    Ok(())
}

/// Takes the node out of its gateway.
pub(super) async fn unregister(args: UnregisterArgs, output: &Output) -> Result<(), Fault> {
    let (gateway, refused) = sluice_agent::leave(LeaveOptions {
        state_dir: args.state.dir(),
        alone: args.force,
    })
    .await?;
    if let Some(fault) = refused {
        note(format_args!(
            "The factory was not told ({fault}); delete the node there"
        ));
    }
    note("The credential keys stay: registered again, the node opens the gateway's credentials");
    output.print(&json!({ "gateway": gateway }), |_| {
        format!("This node has left the gateway {gateway}\n")
    });
    Ok(())
}

pub(super) async fn run(args: GatewayRunArgs, root: &Root) -> Result<(), Fault> {
    let mut options = AgentOptions::new(args.state.dir(), crate::registry::stores());
    if let Some(file) = &args.vault.vault_passphrase_file {
        options.passphrase = Some(sluice_agent::Passphrase::new(read_word(file)?));
    }
    if let Some(address) = args.credentials_listen {
        if !address.ip().is_loopback() && !args.credentials_open {
            let message = format!(
                "--credentials-listen {address} can be reached from other machines; take a loopback address such as \
                 127.0.0.1:{}, or add --credentials-open",
                address.port()
            );
            return Err(Fault::new(Code::Usage, message));
        }
        options.credentials = Some(address);
    }
    options.policy = args.policy;
    options.slots = args.jobs;
    options.receipts = args.receipts as usize;
    options.memory_budget = args.memory as usize * 1024 * 1024;
    options.stall_timeout = Duration::from_secs(u64::from(args.stall));
    options.resume_from_rows = args.resume_from;
    let metrics = telemetry::listen(&args.metrics, root)?;
    let drain = Duration::from_secs(u64::from(args.drain));
    let state = options.state_dir.clone();
    let agent = Agent::start(options, root).await?;
    // Now that the directory is this process's alone.
    crate::logging::keep(&state, "agent");
    let identity = telemetry::Identity {
        service: "sluice-gateway",
        instance: agent.node().to_owned(),
    };
    telemetry::export(identity, root);
    note("Agent started");
    if let Some(address) = agent.credentials() {
        note(format_args!(
            "Credentials  https://{address}/ (code: sluice gateway credentials)"
        ));
    }
    if let Some(address) = metrics {
        note(format_args!("Figures      http://{address}/metrics"));
    }
    root.ready("The agent runs");
    if let Some(file) = &args.ready_file {
        super::factory::write_ready(
            file,
            &json!({ "pid": std::process::id(), "metrics": metrics, "credentials": agent.credentials() }),
        )?;
    }
    sluice_runtime::stop_signal().await;
    root.keep_figures();
    note("Stopping: running copies get time to finish");
    agent.shutdown_within(drain).await;
    Ok(())
}

pub(super) async fn status(args: StateArgs, output: &Output) -> Result<(), Fault> {
    let status = sluice_agent::admin::status(args.dir()).await?;
    let value = serde_json::to_value(&status).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    output.print(&value, describe);
    Ok(())
}

/// Changes the bandwidth limit of the node, or of one copy on it.
pub(super) async fn limit(args: LimitArgs, output: &Output) -> Result<(), Fault> {
    let (rate, job) = (args.bandwidth.0, args.job.as_deref().map(JobId::from));
    sluice_agent::admin::limit_bandwidth(args.state.dir(), job.as_ref(), rate).await?;
    let text = sluice_copy::rate_text(rate);
    output.print(&json!({ "bandwidth": rate, "job": args.job }), |_| match &args.job {
        Some(job) => format!("Bandwidth of {job}: {text}\n"),
        None => format!("Bandwidth of this node: {text}\n"),
    });
    Ok(())
}

/// Plain members first, lists of objects as tables behind.
fn describe(status: &Value) -> String {
    let mut text = pairs(status);
    for (name, value) in status.as_object().into_iter().flatten() {
        let Some(items) = value
            .as_array()
            .filter(|items| items.first().is_some_and(Value::is_object))
        else {
            continue;
        };
        let plain = |object: &Value| -> Vec<String> {
            let members = object.as_object().into_iter().flatten();
            members
                .filter(|(_, value)| !value.is_object() && !value.is_array())
                .map(|(key, _)| key.clone())
                .collect()
        };
        let columns = plain(&items[0]);
        let rows: Vec<_> = items
            .iter()
            .map(|item| columns.iter().map(|column| cell(&item[column])).collect())
            .collect();
        let head: Vec<String> = columns.iter().map(|column| column.to_uppercase()).collect();
        text += &format!(
            "\n{name}\n{}",
            table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
        );
    }
    text
}

pub(super) fn pairs(value: &Value) -> String {
    let mut text = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => {
                for (member, value) in inner
                    .iter()
                    .filter(|(_, value)| !value.is_object() && !value.is_array())
                {
                    text += &format!("{:<24} {}\n", format!("{name}.{member}"), cell(value));
                }
            }
            Value::Array(_) => {}
            plain => text += &format!("{name:<24} {}\n", cell(plain)),
        }
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The machine's name, for a node that was given none.
pub(super) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_else(|_| "node".to_owned())
}

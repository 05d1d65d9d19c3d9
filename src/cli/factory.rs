//! `sluice factory run` and `openapi`.

use super::args::{BrokerArgs, DatabaseArgs, FactoryRunArgs};
use super::output::{Format, Output, note};
use crate::api::read_secret;
use crate::telemetry;
use serde_json::json;
use sluice_contract::{Code, Fault};
use sluice_factory::{BrokerOptions, Factory, FactoryOptions, PostgresOptions, StateOptions};
use sluice_runtime::Root;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) async fn run(args: FactoryRunArgs, root: &Root) -> Result<(), Fault> {
    let mut options = FactoryOptions::new(args.state.clone());
    options.state = state_options(&args.database)?;
    options.rest_listen = args.listen;
    options.amqp_listen = args.amqp_listen;
    options.public_host = args.host;
    options.names = args.names;
    options.timings.lease = Duration::from_secs(args.lease.into());
    // Three heartbeats fit into a lease, and the usual 20 s are enough for a long one.
    options.timings.heartbeat = Duration::from_secs(u64::from((args.lease / 3).clamp(1, 20)));
    options.web_allow = args.web_allow.iter().map(|net| net.parse()).collect::<Result<_, _>>()?;
    options.broker = broker(&args.broker)?;
    let metrics = telemetry::listen(&args.metrics, root)?;
    let factory = Factory::start(options, root).await?;
    // Now that the directory is this process's alone.
    crate::logging::keep(&args.state, "factory");
    let identity = telemetry::Identity {
        service: "sluice-factory",
        instance: factory.deployment().to_owned(),
    };
    telemetry::export(identity, root);
    note(format_args!("Factory      {}", factory.rest_url()));
    note(format_args!("Channel      {}", factory.channel()));
    note(format_args!("CA           {}", factory.ca_file().display()));
    note(format_args!("Admin token  {}", factory.admin_token_file().display()));
    note(format_args!("Page         {}", factory.login_link()));
    if let Some(address) = metrics {
        note(format_args!("Figures      http://{address}/metrics"));
    }
    root.ready("The factory runs");
    if let Some(file) = &args.ready_file {
        let ready = json!({
            "rest": factory.rest_url(), "amqp": factory.amqp_addr().to_string(),
            "ca": factory.ca_file(), "token_file": factory.admin_token_file(), "login": factory.login_link(),
            "metrics": metrics, "channel": factory.channel(),
        });
        write_ready(file, &ready)?;
    }
    sluice_runtime::stop_signal().await;
    root.keep_figures();
    note("Stopping");
    factory.shutdown().await;
    Ok(())
}

/// Prints the REST interface as OpenAPI: a document in itself, so always JSON.
pub(super) fn openapi() -> Result<(), Fault> {
    Output::new(Format::Json).print(&sluice_factory::openapi(), |_| String::new());
    Ok(())
}

/// Where the database is.
pub(super) fn state_options(args: &DatabaseArgs) -> Result<StateOptions, Fault> {
    let Some(url) = &args.state_url else {
        return Ok(StateOptions::Directory);
    };
    Ok(StateOptions::Postgres(PostgresOptions {
        address: url.parse()?,
        password: args.state_password_file.as_deref().map(read_secret).transpose()?,
    }))
}

/// The broker, as the options and their files describe it.
fn broker(args: &BrokerArgs) -> Result<Option<BrokerOptions>, Fault> {
    let Some(url) = &args.channel_url else { return Ok(None) };
    let text = |file: &PathBuf| {
        let fault = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
        std::fs::read_to_string(file).map_err(fault)
    };
    let secret = |file: &PathBuf| read_secret(file);
    let nodes = match (&args.channel_node_user, &args.channel_node_password_file) {
        (Some(user), Some(file)) => Some((user.clone(), secret(file)?)),
        _ => None,
    };
    let identity = match (&args.channel_cert_file, &args.channel_cert_key_file) {
        (Some(chain), Some(key)) => Some((text(chain)?, Zeroizing::new(text(key)?))),
        _ => None,
    };
    Ok(Some(BrokerOptions {
        address: url.parse()?,
        password: args
            .channel_password_file
            .as_ref()
            .map(secret)
            .transpose()?
            .unwrap_or_default(),
        nodes,
        ca: args.channel_ca_file.as_ref().map(text).transpose()?,
        identity,
    }))
}

/// Writes a file that others wait for, whole or not at all.
pub(super) fn write_ready(file: &Path, ready: &serde_json::Value) -> Result<(), Fault> {
    let fault = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
    let partial = file.with_extension("partial");
    std::fs::write(&partial, ready.to_string()).map_err(fault)?;
    std::fs::rename(&partial, file).map_err(fault)
}

//! `sluice factory run`.

use super::args::FactoryRunArgs;
use super::output::note;
use crate::telemetry;
use serde_json::json;
use sluice_contract::{Code, Fault};
use sluice_factory::{Factory, FactoryOptions};
use sluice_runtime::Root;
use std::path::Path;
use std::time::Duration;

pub(super) async fn run(args: FactoryRunArgs, root: &Root) -> Result<(), Fault> {
    let mut options = FactoryOptions::new(args.state);
    options.rest_listen = args.listen;
    options.amqp_listen = args.amqp_listen;
    options.public_host = args.host;
    options.names = args.names;
    options.timings.lease = Duration::from_secs(args.lease.into());
    // Three heartbeats fit into a lease, and the usual 20 s are enough for a long one.
    options.timings.heartbeat = Duration::from_secs(u64::from((args.lease / 3).clamp(1, 20)));
    let metrics = telemetry::listen(&args.metrics, root)?;
    let factory = Factory::start(options, root).await?;
    let identity = telemetry::Identity {
        service: "sluice-factory",
        instance: factory.deployment().to_owned(),
    };
    telemetry::export(identity, root);
    note(format_args!("Factory      {}", factory.rest_url()));
    note(format_args!("Channel      amqps://{}", factory.amqp_addr()));
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
            "metrics": metrics,
        });
        write_ready(file, &ready)?;
    }
    sluice_runtime::stop_signal().await;
    root.keep_figures();
    note("Stopping");
    factory.shutdown().await;
    Ok(())
}

/// Writes a file that others wait for, whole or not at all.
pub(super) fn write_ready(file: &Path, ready: &serde_json::Value) -> Result<(), Fault> {
    let fault = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
    let partial = file.with_extension("partial");
    std::fs::write(&partial, ready.to_string()).map_err(fault)?;
    std::fs::rename(&partial, file).map_err(fault)
}

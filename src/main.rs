//! The `sluice` binary: agent, factory and command line. It only wires; the work is in the crates.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod api;
mod bundle;
mod cli;
mod logging;
mod quickstart;
mod registry;
mod seclusion;
mod telemetry;

use clap::Parser;

fn main() {
    // Every TLS connection of the process uses this one; it fails only when one is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = cli::Cli::parse();
    logging::start(cli.global.verbose, cli::long_running(&cli.command));
    seclusion::begin();
    let json = cli::Output::new(cli.global.output).is_json();
    let code = sluice_runtime::run(move |root| async move {
        match cli::dispatch(cli, &root).await {
            Ok(()) => 0,
            Err(fault) => {
                cli::print_fault(&fault, json);
                cli::exit_code(&fault)
            }
        }
    });
    std::process::exit(code);
}

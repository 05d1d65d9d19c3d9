//! Logs go to standard error: readable on a terminal, JSON for a machine when `SLUICE_LOG_FORMAT=json`.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging. `SLUICE_LOG` (as `RUST_LOG` is written) wins over `-v`.
///
/// A server tells what it does; a command speaks only when something is wrong.
pub(crate) fn start(verbose: u8, long_running: bool) {
    let level = match (verbose, long_running) {
        (0, false) => "error",
        (0, true) => "info",
        (1, _) => "info",
        _ => "debug",
    };
    // The protocol crates are chatty below warnings.
    let default =
        format!("{level},fe2o3_amqp=warn,hyper=warn,h2=warn,rustls=warn,reqwest=warn,sqlx=warn,object_store=warn");
    let filter = EnvFilter::try_from_env("SLUICE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colour = crate::cli::colour() && std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Where the log cannot be written (its disk is full), it would be told on standard error, which cannot be written either:
        // that panics in whoever logs.
        .log_internal_errors(false)
        .with_ansi(colour);
    let json = std::env::var("SLUICE_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    // A second subscriber in one process (tests) is no error.
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}

//! Logs go to standard error: readable on a terminal, JSON for a machine when `SLUICE_LOG_FORMAT=json`. A program that serves
//! also keeps the newest of them in a file of its state directory, for [`crate::bundle`].

mod kept;
mod line;

use std::io::{IsTerminal, Write};
use std::path::Path;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

pub(crate) use kept::files;
pub(crate) use line::on_one_line;

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
    let json = std::env::var("SLUICE_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    if long_running {
        kept::begin();
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Lines { colour, json })
        // Where the log cannot be written (its disk is full), it would be told on standard error, which cannot be written either:
        // that panics in whoever logs.
        .log_internal_errors(false)
        .with_ansi(colour);
    // A second subscriber in one process (tests) is no error.
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}

/// From now on, and from the start on, the log is kept below this state directory, too.
pub(crate) fn keep(state: &Path, name: &str) {
    kept::open(&state.join(kept::FOLDER), name);
}

/// Makes one line of each event, whatever is in it.
struct Lines {
    colour: bool,
    json: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter(self)
    }
}

/// Takes one event, which the subscriber writes in one piece.
struct LineWriter<'a>(&'a Lines);

impl Write for LineWriter<'_> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let form = line::Form {
            escapes: self.0.colour,
            json: self.0.json,
        };
        let line = line::one_line(&text, form);
        kept::append(&line, self.0.colour);
        std::io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}

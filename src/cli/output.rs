//! Printing data and errors, and the exit code.

use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::io::{IsTerminal, Write};

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// Where a command's data goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a document as JSON, or what `table` makes of it.
    pub(crate) fn print(&self, value: &Value, table: impl FnOnce(&Value) -> String) {
        let text = match self.format {
            // A Value always serializes.
            Format::Json => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
            Format::Table => table(value),
        };
        // A closed pipe (`| head`) is no error worth reporting.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// A line for people, on standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether standard error may be coloured: a terminal, no `NO_COLOR`, not dumb; `CLICOLOR_FORCE` wins.
pub(crate) fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    (set("CLICOLOR_FORCE") && std::env::var("CLICOLOR_FORCE").is_ok_and(|value| value != "0"))
        || (std::io::stderr().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb"))
}

/// Prints a fault with its next step; as JSON when JSON was asked for.
pub(crate) fn print_fault(fault: &Fault, json_wanted: bool) {
    if json_wanted {
        let body = json!({ "error": { "code": fault.code, "message": fault.message, "next_step": fault.next_step(), "retryable": fault.retryable } });
        note(body);
        return;
    }
    let (red, dim, off) = if colour() {
        ("\x1b[1;31m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    // It may have lines of its own, and names of others.
    let lines: Vec<_> = fault.message.split('\n').map(crate::logging::on_one_line).collect();
    let message = lines.join("\n");
    note(format_args!("{red}error[{}]{off}: {message}", fault.code));
    note(format_args!("  next: {}", fault.next_step()));
    note(format_args!("  {dim}more: sluice explain {}{off}", fault.code));
}

/// The documented exit code of a fault.
pub(crate) fn exit_code(fault: &Fault) -> i32 {
    match fault.code {
        Code::Usage | Code::ConfigInvalid => 2,
        Code::NotFound
        | Code::FileNotFound
        | Code::TableNotFound
        | Code::FileUnreadable
        | Code::ReferenceMissing
        | Code::ComponentUnknown => 3,
        Code::NotRegistered
        | Code::KeyInvalid
        | Code::KeyRefused
        | Code::Unauthorized
        | Code::ScopeMissing
        | Code::ClientRefused
        | Code::NodeUnknown
        | Code::LoginFailed
        | Code::PermissionDenied => 4,
        Code::CaPinMismatch | Code::StateLocked | Code::AlreadyRegistered => 7,
        Code::VerificationFailed | Code::ReceiptRefused => 9,
        Code::Cancelled => 130,
        _ if fault.retryable => 5,
        _ => 1,
    }
}

/// Columns under a head, left-aligned; numbers are aligned by the caller. A cell that somebody else has named stays in its row.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| crate::logging::on_one_line(cell)).collect())
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(head.to_vec());
    for row in rows {
        text += &line(row.iter().map(|cell| &**cell).collect());
    }
    text
}

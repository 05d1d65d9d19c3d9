//! The one error type that users see.

use crate::codes::Code;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An error with a stable code, a cause in words, and (through the code's page) a next step.
///
/// A fault crosses every boundary: REST bodies, channel messages, the ledger, the command line. It never carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The stable code, for `sluice explain CODE`.
    pub code: Code,
    /// What happened, naming the thing it happened to.
    pub message: String,
    /// Whether the same request may succeed later without anybody changing anything.
    #[serde(default)]
    pub retryable: bool,
}

impl Fault {
    /// A fault of this code; whether it is retryable is the code's default.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: code.page().retryable,
        }
    }

    /// A fault of this code as another machine told of it in one text. The code before its message and the next step behind it are
    /// taken off: who shows the fault adds them.
    pub fn told(code: Code, text: &str) -> Self {
        let code_first = format!("{code}: ");
        let text = text.strip_prefix(&code_first).unwrap_or(text);
        let text = text.strip_suffix(code.page().next).map_or(text, str::trim_end);
        Self::new(code, text)
    }

    /// The same fault, marked (not) worth another try.
    #[must_use]
    pub fn retryable(mut self, yes: bool) -> Self {
        self.retryable = yes;
        self
    }

    /// The same fault with `context: ` before its message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What to do next.
    pub fn next_step(&self) -> &'static str {
        self.code.page().next
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

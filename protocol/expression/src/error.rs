//! What is wrong with an expression, and where.

use std::fmt;

/// An expression that cannot be read or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where in the text, in characters from 0.
    pub at: usize,
    /// What is wrong, in words.
    pub cause: String,
}

impl Error {
    pub(crate) fn new(at: usize, cause: impl Into<String>) -> Self {
        Self {
            at,
            cause: cause.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at + 1, self.cause)
    }
}

impl std::error::Error for Error {}

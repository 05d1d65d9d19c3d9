//! The faults of this crate, by what they mean.

use sluice_contract::{Code, Fault};
use std::fmt::Display;

/// A property is missing, or of a form that is not served.
pub(crate) fn property(message: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, message)
}

/// A file is damaged, or a row does not fit.
pub(crate) fn data(file: &str, message: impl Display) -> Fault {
    Fault::new(Code::DataInvalid, format!("{file}: {message}"))
}

/// Files of one source, or schema and file, do not fit together.
pub(crate) fn mismatch(message: impl Into<String>) -> Fault {
    Fault::new(Code::SchemaMismatch, message)
}

/// A column cannot be carried exactly.
pub(crate) fn unsupported(column: &str, message: impl Display) -> Fault {
    Fault::new(Code::TypeUnsupported, format!("column {column:?}: {message}"))
}

/// What must not happen.
pub(crate) fn internal(message: impl Display) -> Fault {
    Fault::new(Code::Internal, message.to_string())
}

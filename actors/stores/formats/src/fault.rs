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

/// An error of reading bytes: the store's or a codec's own fault where it carries one, else a damaged file.
pub(crate) fn of_io(file: &str, error: &std::io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(fault) => fault.clone(),
        None => data(file, error),
    }
}

/// Files of one source, or schema and file, do not fit together.
pub(crate) fn mismatch(message: impl Into<String>) -> Fault {
    Fault::new(Code::SchemaMismatch, message)
}

/// A file of a format that has no form without columns, for a source that has none.
pub(crate) fn columnless(what: &str) -> Fault {
    mismatch(format!(
        "{what} needs at least one column, and the source is empty and says nothing of its columns: name them in its dataset's \
         `schema`, or in `translator.mappings`"
    ))
}

/// A column cannot be carried exactly.
pub(crate) fn unsupported(column: &str, message: impl Display) -> Fault {
    Fault::new(Code::TypeUnsupported, format!("column {column:?}: {message}"))
}

/// What must not happen.
pub(crate) fn internal(message: impl Display) -> Fault {
    Fault::new(Code::Internal, message.to_string())
}

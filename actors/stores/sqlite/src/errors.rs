//! From SQLite's errors to faults.

use rusqlite::ErrorCode;
use sluice_contract::{Code, Fault};

/// The fault for an error met while `doing` something, such as "reading orders".
pub(crate) fn fault(doing: &str, error: &rusqlite::Error) -> Fault {
    Fault::new(code_of(error), error.to_string()).context(doing)
}

fn code_of(error: &rusqlite::Error) -> Code {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Code::StoreBusy,
            ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig => Code::DataInvalid,
            ErrorCode::DiskFull => Code::DiskFull,
            ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen => Code::PermissionDenied,
            ErrorCode::Unknown => sql(message.as_deref().unwrap_or_default()),
            _ => Code::StoreFailed,
        },
        rusqlite::Error::SqlInputError { msg, .. } => sql(msg),
        rusqlite::Error::MultipleStatement => Code::QueryFailed,
        _ => Code::StoreFailed,
    }
}

/// SQLite has one code for everything that is wrong with a statement.
fn sql(message: &str) -> Code {
    match message {
        message if message.starts_with("no such table") => Code::TableNotFound,
        _ => Code::QueryFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn results_have_codes() {
        for (result, code) in [
            (ffi::SQLITE_BUSY, Code::StoreBusy),
            (ffi::SQLITE_LOCKED, Code::StoreBusy),
            (ffi::SQLITE_NOTADB, Code::DataInvalid),
            (ffi::SQLITE_CORRUPT, Code::DataInvalid),
            (ffi::SQLITE_FULL, Code::DiskFull),
            (ffi::SQLITE_READONLY, Code::PermissionDenied),
            (ffi::SQLITE_IOERR, Code::StoreFailed),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(result), None);
            assert_eq!(fault("x", &error).code, code);
        }
    }
}

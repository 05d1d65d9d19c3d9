//! From the driver's errors to faults. Only the server's own message is quoted; it never holds the password.

use sluice_contract::{Code, Fault};
use std::error::Error as _;
use tokio_postgres::error::DbError;

/// The fault for an error met while `doing` something, such as "reading public.orders".
pub(crate) fn fault(doing: &str, error: &tokio_postgres::Error) -> Fault {
    if let Some(db) = error.as_db_error() {
        return Fault::new(code_of(db.code().code()), describe(db)).context(doing);
    }
    let cause = error.source();
    let text = match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let code = if error.is_closed() || cause.is_some_and(|cause| cause.is::<std::io::Error>()) {
        Code::StoreUnreachable
    } else {
        // The driver has no public kinds; its words are fixed.
        match error.to_string().as_str() {
            "authentication error" | "invalid configuration" => Code::LoginFailed,
            text if text.starts_with("error connecting") || text.starts_with("timeout") => Code::StoreUnreachable,
            _ => Code::StoreFailed,
        }
    };
    Fault::new(code, text).context(doing)
}

/// The code for a SQLSTATE.
pub(crate) fn code_of(state: &str) -> Code {
    match state {
        "3D000" => Code::LoginFailed,
        "42P01" | "3F000" => Code::TableNotFound,
        "42501" => Code::PermissionDenied,
        "53100" => Code::DiskFull,
        // Serialization failures, deadlocks, lock timeouts: all pass by themselves.
        "55P03" | "40001" | "40P01" => Code::StoreBusy,
        // Writing in a read-only transaction, or a feature that a query may not use: the query is at fault.
        "25006" | "0A000" | "2D000" => Code::QueryFailed,
        "57P01" | "57P02" | "57P03" => Code::StoreUnreachable,
        _ => match state.get(..2).unwrap_or_default() {
            "08" => Code::StoreUnreachable,
            "28" => Code::LoginFailed,
            "53" => Code::StoreBusy,
            "42" => Code::QueryFailed,
            "22" | "23" => Code::DataInvalid,
            _ => Code::StoreFailed,
        },
    }
}

fn describe(db: &DbError) -> String {
    let mut text = format!("{} (SQLSTATE {})", db.message(), db.code().code());
    // "COPY t, line 3, column c: "value"": the place helps, the value is in the message where it matters.
    if let Some(place) = db.where_().and_then(|place| place.lines().next())
        && place.starts_with("COPY ")
    {
        let place = place.split_once(": ").map_or(place, |(place, _)| place);
        text = format!("{text}, at {place}");
    }
    match db.hint() {
        Some(hint) => format!("{text}; hint: {hint}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_codes() {
        for (state, code) in [
            ("28P01", Code::LoginFailed),
            ("28000", Code::LoginFailed),
            ("3D000", Code::LoginFailed),
            ("42P01", Code::TableNotFound),
            ("42501", Code::PermissionDenied),
            ("53100", Code::DiskFull),
            ("53300", Code::StoreBusy),
            ("42601", Code::QueryFailed),
            ("22P02", Code::DataInvalid),
            ("08006", Code::StoreUnreachable),
            ("XX000", Code::StoreFailed),
            ("", Code::StoreFailed),
        ] {
            assert_eq!(code_of(state), code, "{state}");
        }
    }
}

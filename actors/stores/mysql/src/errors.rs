//! From the server's errors to faults. Only the server's own message is quoted; it never holds the password.

use crate::wire::WireError;
use sluice_contract::{Code, Fault};

/// The fault for an error met while `doing` something, such as "reading shop.orders".
pub(crate) fn fault(doing: &str, error: &WireError) -> Fault {
    let code = match error {
        WireError::Server { code, state, .. } => code_of(*code, state),
        WireError::NotReached(fault) => fault.code,
        WireError::Io(_) => Code::StoreUnreachable,
        WireError::Tls(_) => Code::TlsFailed,
        WireError::Login(_) => Code::LoginFailed,
        WireError::Malformed(_) => Code::StoreFailed,
    };
    let fault = Fault::new(code, error.to_string()).context(doing);
    match error {
        // A disk that is full, and a packet that is too long, will be so the next time.
        WireError::Server { code: 1153 | 1301, .. } => fault.retryable(false),
        _ => fault,
    }
}

/// The code for MySQL's number, or where that says nothing for its SQLSTATE.
pub(crate) fn code_of(number: u16, state: &str) -> Code {
    match number {
        // Access denied for the user, or to the database; no such database; the account is locked, or its password expired.
        1044 | 1045 | 1049 | 1130 | 1251 | 1275 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => Code::LoginFailed,
        1051 | 1146 => Code::TableNotFound,
        // Access denied to a table, a column, a command; a privilege is missing.
        1142 | 1143 | 1227 | 1290 | 1370 | 1410 | 1836 => Code::PermissionDenied,
        // The disk, or the table space, is full.
        3 | 1021 | 1114 | 1535 => Code::DiskFull,
        // Lock waits, deadlocks, too many connections or statements: all pass by themselves.
        1040 | 1203 | 1205 | 1206 | 1213 | 1226 | 3572 => Code::StoreBusy,
        // The server is going down, or somebody has killed this connection.
        1053 | 1077 | 1079 | 1158 | 1159 | 1160 | 1161 | 1317 | 1927 | 3024 => Code::StoreUnreachable,
        // The packet is larger than max_allowed_packet; a row too large; a function's result cut.
        1118 | 1153 | 1301 => Code::DataInvalid,
        // A value out of range, cut, of the wrong form; NULL; duplicates; constraints.
        1048 | 1062 | 1138 | 1169 | 1216 | 1217 | 1263 | 1264 | 1265 | 1292 | 1364 | 1366 | 1406 | 1411 | 1451
        | 1452 | 1526 | 1690 | 3819 | 4025 => Code::DataInvalid,
        // No such column; a syntax error; a statement that cannot be prepared.
        1052 | 1054 | 1060 | 1064 | 1065 | 1149 | 1222 | 1235 | 1295 | 1305 | 1318 => Code::QueryFailed,
        _ => match state.get(..2).unwrap_or_default() {
            "08" => Code::StoreUnreachable,
            "28" => Code::LoginFailed,
            "42" => Code::QueryFailed,
            "22" | "23" => Code::DataInvalid,
            "40" => Code::StoreBusy,
            _ => Code::StoreFailed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_states_have_codes() {
        for (number, state, code) in [
            (1045, "28000", Code::LoginFailed),
            (1049, "42000", Code::LoginFailed),
            (1146, "42S02", Code::TableNotFound),
            (1142, "42000", Code::PermissionDenied),
            (1114, "HY000", Code::DiskFull),
            (1205, "HY000", Code::StoreBusy),
            (1213, "40001", Code::StoreBusy),
            (1064, "42000", Code::QueryFailed),
            (1366, "22007", Code::DataInvalid),
            (1927, "70100", Code::StoreUnreachable),
            (9999, "22003", Code::DataInvalid),
            (9999, "", Code::StoreFailed),
        ] {
            assert_eq!(code_of(number, state), code, "{number}");
        }
        let error = |code| WireError::Server {
            code,
            state: "HY000".into(),
            message: "no".into(),
        };
        assert!(fault("x", &error(1213)).retryable);
        assert!(!fault("x", &error(1153)).retryable);
        assert_eq!(
            fault("reading t", &error(1)).message,
            "reading t: no (error 1, SQLSTATE HY000)"
        );
    }
}

//! A warning means that the server has changed a value to make it fit.

use crate::errors;
use crate::session::Session;
use crate::wire::WireError;
use sluice_contract::{Code, Fault};

/// About the statement and not about its data: deprecated words, statements that are unsafe for a replica.
const HARMLESS: &[u16] = &[1287, 1592, 1681, 3719, 3778];

/// Sees that a statement's warnings were about none of its values.
///
/// # Errors
/// `SL6011` with the first one that was.
pub(super) async fn check(session: &mut Session, doing: &str, count: u16) -> Result<(), Fault> {
    if count == 0 {
        return Ok(());
    }
    // Level, number, message.
    let warnings = session.run(doing, "SHOW WARNINGS LIMIT 64").await?.rows;
    let mut serious = warnings.into_iter().filter_map(|row| {
        let mut cells = row.into_iter().skip(1);
        let code: u16 = cells.next().flatten().and_then(|code| code.parse().ok()).unwrap_or(0);
        let message = cells.next().flatten().unwrap_or_default();
        (!HARMLESS.contains(&code)).then_some((code, message))
    });
    let Some((code, message)) = serious.next() else {
        return Ok(());
    };
    let fault = errors::fault(
        doing,
        &WireError::Server {
            code,
            state: "22000".into(),
            message,
        },
    );
    Err(match fault.code {
        Code::DiskFull | Code::StoreBusy | Code::StoreUnreachable => fault,
        _ => Fault {
            code: Code::DataInvalid,
            retryable: false,
            ..fault
        },
    })
}

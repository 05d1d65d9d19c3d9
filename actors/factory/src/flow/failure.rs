//! How an activity's failure is told to clients.

use serde_json::{Value, json};
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault};

/// The activity's `error`.
pub(crate) fn error(activity: &str, fault: &Fault) -> Value {
    json!({
        "errorCode": fault.code.as_str(),
        "message": format!("{}: {}", fault.code, fault.message),
        "failureType": failure_type(fault.code),
        "target": activity,
        "details": fault.next_step(),
    })
}

/// Whether the user can do something about it.
fn failure_type(code: Code) -> &'static str {
    let of_the_system = matches!(
        code,
        Code::LeaseLost | Code::JobParked | Code::CopyPanicked | Code::VerificationFailed
    ) || ["SL3", "SL8", "SL9"]
        .iter()
        .any(|range| code.as_str().starts_with(range));
    if of_the_system { "SystemError" } else { "UserError" }
}

/// The activity's `output` after a failure: what was done until then. Nothing of it was committed.
pub(crate) fn output(gateway: &str, fault: &Fault, progress: &CopyProgress) -> Value {
    json!({
        "dataRead": progress.bytes_read,
        "dataWritten": progress.bytes_written,
        "rowsRead": progress.rows_read,
        "rowsCopied": 0,
        "errors": [{ "Code": fault.code.as_str(), "Message": fault.message }],
        "effectiveIntegrationRuntime": gateway,
    })
}

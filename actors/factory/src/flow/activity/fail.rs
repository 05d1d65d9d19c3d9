//! Fail: an error of the pipeline's own.

use super::value::{required, text_of};
use super::{Beginning, Begun};
use serde_json::json;
use sluice_contract::Fault;

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    Ok(Begun::Failed(json!({
        "errorCode": text_of(activity, "errorCode", required(activity, "errorCode")?)?,
        "message": text_of(activity, "message", required(activity, "message")?)?,
        "failureType": "UserError",
        "target": activity.name(),
        "details": "",
    })))
}

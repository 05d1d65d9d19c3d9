//! Exposure control: Azure's switches for features that are rolled out in steps. Here nothing is: every one is off.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault};

fn off(feature: &str) -> Value {
    json!({ "featureName": feature, "value": "False" })
}

/// `getFeatureValue`.
pub(super) fn one(call: &Call) -> Result<Response, ApiError> {
    let body = call.object_or_empty()?;
    Ok(reply::json_reply(off(text(&body, "featureName").unwrap_or_default())))
}

/// `queryFeaturesValue`.
pub(super) fn several(call: &Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let asked = member(&body, "exposureControlRequests")
        .and_then(Value::as_array)
        .ok_or_else(|| Fault::new(Code::DocumentInvalid, "`exposureControlRequests` is not an array"))?;
    let answers: Vec<Value> = asked
        .iter()
        .map(|item| {
            off(item
                .as_object()
                .and_then(|item| text(item, "featureName"))
                .unwrap_or_default())
        })
        .collect();
    Ok(reply::json_reply(json!({ "exposureControlResponses": answers })))
}

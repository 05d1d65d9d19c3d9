//! Today's operations, asked from within.

use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::rest::operation;
use crate::rest::route::{self, Found};
use axum::body::to_bytes;
use axum::http::Method;
use serde_json::Value;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// What an answer of ours may have at most.
const LIMIT: usize = 64 * 1024 * 1024;

/// Asks for something below the data factory that a call is about.
pub(super) async fn ask(
    app: &Arc<App>,
    call: &Call,
    method: Method,
    below: &[&str],
    body: Option<&Value>,
) -> Result<Value, ApiError> {
    let [subscription, group, factory] = [call.name(0), call.name(1), call.name(2)];
    let mut path = format!(
        "/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.DataFactory/factories/{factory}"
    );
    for part in below {
        path.push('/');
        path.push_str(part);
    }
    let Found::Op(op, names) = route::find(&method, &path) else {
        return Err(ApiError::unsupported(method.as_str(), &path, &[]));
    };
    let body = body.map(Value::to_string).unwrap_or_default();
    let within = call.within(names, path, body);
    // Boxed: today's operations know v1's, and these know them.
    let response = Box::pin(operation::run(op, app, &within)).await?;
    let bytes = to_bytes(response.into_body(), LIMIT)
        .await
        .map_err(|e| Fault::new(Code::Internal, format!("an answer of this factory: {e}")))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let value = serde_json::from_slice(&bytes);
    Ok(value.map_err(|e| Fault::new(Code::Internal, format!("an answer of this factory: {e}")))?)
}

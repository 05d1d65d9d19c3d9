//! The callback of a WebHook. Whoever has the address may call it, once: it was told to the called system only.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow::called_back;
use axum::response::Response;
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// `POST /webhooks/v1/ACTIVITYRUN?token=TOKEN`. The token stands in no path, because paths stand in logs.
pub(crate) async fn answer(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let activity = call.name(0);
    let token = call.query.get("token").map(String::as_str).unwrap_or_default();
    // Not said which of the two is wrong.
    let unknown = || ApiError::no_resource("webhooks", activity);
    if !app.wrapping.is_callback_token(activity, token) {
        return Err(unknown());
    }
    let told = match call.body.trim_ascii() {
        [] => Object::new(),
        body => match serde_json::from_slice(body) {
            Ok(Value::Object(told)) => told,
            Ok(_) => return Err(Fault::new(Code::BadJson, "the body of a callback is no JSON object").into()),
            Err(e) => return Err(Fault::new(Code::BadJson, format!("the body of a callback: {e}")).into()),
        },
    };
    let mut tx = app.state.write().await?;
    let run = called_back(&mut tx, activity, &told).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    tracing::info!(run, activity, "A WebHook was called back");
    app.advance(&run);
    Ok(reply::done())
}

//! One call, from its settings to what came of it.

use super::made::settle;
use crate::app::App;
use crate::state::stored;
use crate::state::web_calls::{self, CallRow};
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};
use sluice_web::Request;
use std::time::Duration;

/// How long a process holds a call without saying that it goes on, in microseconds.
pub(super) const HOLD: i64 = 30_000_000;
/// How often it says so, and looks whether the activity is over meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Makes a call and writes down what came of it, unless the activity ends meanwhile.
pub(super) async fn make(app: &App, row: &CallRow) {
    let longest = Duration::from_micros(u64::try_from(row.timeout).unwrap_or_default());
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(longest, call(app, row)) => outcome.unwrap_or_else(|_| {
            let text = "the call took longer than the activity's timeout";
            Err(Fault::new(Code::TimedOut, text))
        }),
        () = taken_away(app, row) => return,
    };
    if let Err(fault) = settle(app, row, outcome).await {
        // It is held for some time, and then made again.
        tracing::error!(%fault, activity = row.activity, "What came of a web call could not be written down");
    }
}

async fn call(app: &App, row: &CallRow) -> Result<Object, Fault> {
    let mut settings: Object = stored("a web call", &row.settings)?;
    if row.hook {
        announce(app, &row.activity, &mut settings)?;
    }
    sluice_web::call(Request::read(&settings)?, &app.reach).await
}

/// Puts the address to call back into the body.
fn announce(app: &App, activity: &str, settings: &mut Object) -> Result<(), Fault> {
    let token = app.wrapping.callback_token(activity);
    let address = format!("{}/webhooks/v1/{activity}?token={token}", app.rest_url);
    let mut body = body(settings)?;
    body.insert("callBackUri".to_owned(), address.into());
    settings.retain(|name, _| !name.eq_ignore_ascii_case("body"));
    settings.insert("body".to_owned(), Value::Object(body));
    if member(settings, "method").is_none() {
        settings.insert("method".to_owned(), json!("POST"));
    }
    Ok(())
}

/// A WebHook's body, which has to be an object to take the address in.
///
/// # Errors
/// `SL4021`.
pub(crate) fn body(settings: &Object) -> Result<Object, Fault> {
    let found = match member(settings, "body") {
        None | Some(Value::Null) => return Ok(Object::new()),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Object::new()),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(other) => Some(other.clone()),
    };
    match found {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(Fault::new(
            Code::ActivityValue,
            "`body` of a WebHook is no JSON object, to which callBackUri could be added",
        )),
    }
}

/// Resolves when the call is not this process's to make any more, or its activity is over.
async fn taken_away(app: &App, row: &CallRow) {
    let mut looks = 0;
    loop {
        tokio::time::sleep(LOOK).await;
        looks += 1;
        let held = match looks % 10 {
            0 => renew(app, row).await,
            _ => look(app, row).await,
        };
        match held {
            Ok(true) => {}
            Ok(false) => return,
            Err(fault) => tracing::warn!(%fault, activity = row.activity, "A web call could not be looked at"),
        }
    }
}

async fn look(app: &App, row: &CallRow) -> Result<bool, Fault> {
    web_calls::is_held(&mut *app.state.read().await?, &row.activity, app.replicas.me()).await
}

async fn renew(app: &App, row: &CallRow) -> Result<bool, Fault> {
    let mut tx = app.state.write().await?;
    let held = web_calls::renew(&mut tx, &row.activity, app.replicas.me(), HOLD).await?;
    tx.commit().await?;
    Ok(held)
}

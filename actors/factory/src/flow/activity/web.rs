//! WebActivity and WebHook where the factory calls: without a gateway's name, or for good.

use super::value::{property, truth, wrong};
use super::{Beginning, Begun, Next};
use crate::flow::failure;
use crate::flow::web::body;
use crate::state::activities::{self, ActivityRow};
use crate::state::web_calls::{self, CallRow};
use crate::state::{Conn, json as json_text, runs};
use crate::wire::{micros, now};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_contract::document::{Activity, Reference, member, timespan};
use sluice_contract::{Code, Fault, Object};
use sluice_web::Request;
use std::time::Duration;

/// Data Factory's default for a WebHook, and its maximum for any activity.
const DEFAULT: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(90 * 86_400);

/// What a WebHook remembers.
#[derive(Serialize, Deserialize)]
struct Memo {
    /// Whether a callback may say that the work failed.
    report: bool,
}

/// Whether the factory calls, and not a gateway's node.
pub(super) fn is_ours(activity: Activity<'_>) -> bool {
    let named = member(activity.type_properties(), "connectVia").and_then(Reference::view);
    named.is_none()
}

/// A WebActivity.
pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    // What cannot be called is said now.
    Request::read(activity.type_properties())?;
    let policy = activity.policy()?;
    let call = CallRow {
        timeout: micros(policy.timeout),
        pause: micros(policy.retry_interval),
        retries: i64::from(policy.retry),
        ..row(beginning, false)?
    };
    Ok(Begun::Call {
        call: Box::new(call),
        due: None,
        memo: json!({}),
    })
}

/// A WebHook: its time begins now, and includes the call.
pub(super) fn begin_hook(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let settings = activity.type_properties();
    // No node calls a hook, so there is nobody who could get its secret.
    if sluice_web::login(settings).is_some() {
        let text = "the WebHook's authentication is not served: the factory itself calls it, and keeps no password";
        return Err(Fault::new(Code::WebAuthentication, text));
    }
    Request::read(settings)?;
    body(settings)?;
    let timeout = match property(activity, "timeout") {
        None => DEFAULT,
        Some(given) => given
            .as_str()
            .and_then(timespan)
            .filter(|timeout| (Duration::from_secs(1)..=LONGEST).contains(timeout))
            .ok_or_else(|| wrong(activity, "timeout", "a time span from a second to 90 days", given))?,
    };
    let report = match property(activity, "reportStatusOnCallBack") {
        Some(flag) => truth(activity, "reportStatusOnCallBack", flag)?,
        None => false,
    };
    let call = CallRow {
        timeout: micros(timeout),
        ..row(beginning, true)?
    };
    Ok(Begun::Call {
        call: Box::new(call),
        due: Some(now().saturating_add(micros(timeout))),
        memo: json!(Memo { report }),
    })
}

fn row(beginning: &Beginning<'_, '_>, hook: bool) -> Result<CallRow, Fault> {
    Ok(CallRow {
        activity: beginning.id.to_owned(),
        run: beginning.running.run.id.clone(),
        settings: json_text(beginning.activity.type_properties())?,
        hook,
        timeout: 0,
        pause: 0,
        retries: 0,
        failures: 0,
    })
}

/// Nobody has called back.
pub(super) fn time_has_come(row: &ActivityRow) -> Next {
    let text = "its callBackUri was not called within its timeout";
    Next::Failed(failure::error(&row.name, &Fault::new(Code::TimedOut, text)))
}

/// Its callBackUri was called, with this body. The run that goes on; none when the activity is over, or there is none.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn called_back(conn: &mut Conn, id: &str, told: &Object) -> Result<Option<String>, Fault> {
    let row = activities::find(conn, id).await?;
    let Some(row) = row.filter(|row| row.kind == "WebHook" && row.ended.is_none()) else {
        return Ok(None);
    };
    let memo: Memo = crate::state::stored("a WebHook's memory", row.memo.as_deref().unwrap_or("null"))?;
    let output = output(told);
    match failed(&row, told).filter(|_| memo.report) {
        None => crate::flow::run::apply(conn, &row, Next::Succeeded(output), None).await?,
        Some(error) => crate::flow::run::apply(conn, &row, Next::Failed(error), Some(output)).await?,
    }
    web_calls::delete(conn, id).await?;
    runs::touch(conn, &row.run).await?;
    Ok(Some(row.run))
}

/// What the callback calls `Output`, or all that it says.
fn output(told: &Object) -> Value {
    match member(told, "output") {
        Some(output @ Value::Object(_)) => output.clone(),
        Some(Value::Null) => json!({}),
        Some(other) => json!({ "Response": other }),
        None => Value::Object(told.clone()),
    }
}

/// The error, where the callback's `StatusCode` is that of one.
fn failed(row: &ActivityRow, told: &Object) -> Option<Value> {
    let status = match member(told, "statusCode")? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if status < 400 {
        return None;
    }
    let given = member(told, "error").and_then(Value::as_object);
    let part = |name: &str| given.and_then(|given| member(given, name)).and_then(Value::as_str);
    let text = match (part("errorCode"), part("message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    };
    let fault = Fault::new(
        Code::WebHookFailed,
        format!("the callback's status is {status}: {text}"),
    );
    Some(failure::error(&row.name, &fault))
}

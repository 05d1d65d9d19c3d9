//! The page: one form without scripts, and what came of it.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sluice_contract::Fault;
use sluice_contract::message::ProbeStage;

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Sluice node: credentials</title>\
<meta name=viewport content='width=device-width, initial-scale=1'><main><h1>Encrypt a credential on this node</h1>\
<p>The secret goes to this node only and is sealed to its gateway&#39;s certificate. Put the result into the linked service \
as <code>encryptedCredential</code>, or into its connection string as <code>EncryptedCredential=</code>.</p>";

const FORM: &str = "<form method=post action='/'>\
<p><label>Access code (<code>sluice gateway credentials</code>)<br><input name=code type=password autocomplete=off required></label>\
<p><label>Type of the linked service<br><input name=type value=SqlServer required></label>\
<p><label>Connection string without its password<br><input name=connectionString size=80></label>\
<p><label>or server<br><input name=server></label> <label>port<br><input name=port></label> <label>database<br><input name=database></label>\
<p><label>Property of the secret<br><input name=property value=password required></label>\
<p><label>Other properties that a test needs, such as the user name<br><input name=username placeholder=username></label>\
<p><label>Secret<br><input name=secret type=password autocomplete=off required></label>\
<p><button>Encrypt</button> <button name=action value=test>Test connection</button></form></main></html>";

/// What came of a form.
pub(super) enum News {
    /// The sealed credential.
    Sealed(String),
    /// The stages of a test.
    Tested(Vec<ProbeStage>),
}

/// The form, below what came of the last one.
pub(super) fn form(outcome: Option<Result<News, Fault>>) -> Response {
    let (status, result) = match outcome {
        None => (StatusCode::OK, String::new()),
        // Base64url and dots only.
        Some(Ok(News::Sealed(sealed))) => (
            StatusCode::OK,
            format!(
                "<p role=status><label>The sealed credential<br><textarea readonly rows=8 cols=80>{sealed}</textarea></label>"
            ),
        ),
        Some(Ok(News::Tested(stages))) => (StatusCode::OK, tested(&stages)),
        Some(Err(fault)) => {
            let text = escape(&fault.to_string());
            (
                StatusCode::BAD_REQUEST,
                format!("<p role=alert><strong>{text}</strong>"),
            )
        }
    };
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not "no-referrer": with that a browser sends the form with the origin "null".
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ];
    let headers: Vec<(HeaderName, HeaderValue)> = headers
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
    let mut response = (status, Html(format!("{HEAD}{result}{FORM}"))).into_response();
    response.headers_mut().extend(headers);
    response
}

/// The stages of a test, each with what came of it.
fn tested(stages: &[ProbeStage]) -> String {
    let reached = !stages.is_empty() && stages.iter().all(|stage| stage.fault.is_none());
    let (role, verdict) = match reached {
        true => ("status", "The store was reached."),
        false => ("alert", "The store was not reached."),
    };
    let stages = stages.iter().map(|stage| {
        let outcome = match &stage.fault {
            None => format!("done in {} ms", stage.millis),
            Some(fault) => escape(&fault.to_string()),
        };
        format!("<li>{}: {outcome}", escape(&stage.name))
    });
    format!(
        "<p role={role}><strong>{verdict}</strong><ol>{}</ol>",
        stages.collect::<String>()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

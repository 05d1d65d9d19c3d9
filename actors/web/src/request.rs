//! What is asked, from the activity's `typeProperties`.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sluice_contract::document::{member, text, timespan};
use sluice_contract::{Code, Fault, Object};
use std::time::Duration;
use url::Url;

/// How long one answer may take; as in ADF a minute, up to ten.
const TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

/// A call of a web address.
#[derive(Debug)]
pub struct Request {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
    pub(crate) timeout: Duration,
    /// Whether an answer 202 with a `Location` is followed until the work is done.
    pub(crate) follows: bool,
    /// Whether any certificate is taken.
    pub(crate) blind: bool,
}

impl Request {
    /// Reads it.
    ///
    /// # Errors
    /// `SL4011` for what is missing or of the wrong form, `SL6026` for an authentication that is not served.
    pub fn read(settings: &Object) -> Result<Self, Fault> {
        let url = text(settings, "url").ok_or_else(|| wrong("it has no `url`"))?;
        let url = Url::parse(url.trim()).map_err(|error| wrong(format!("its `url` is none: {error}")))?;
        let method = text(settings, "method").unwrap_or("GET").to_ascii_uppercase();
        if !["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method.as_str()) {
            return Err(wrong(format!(
                "its `method` {method:?} is none of GET, POST, PUT, PATCH, DELETE"
            )));
        }
        check_authentication(settings)?;
        let mut headers = headers(settings)?;
        let body = body(settings);
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let timeout = match member(settings, "httpRequestTimeout") {
            None | Some(Value::Null) => TIMEOUT,
            Some(given) => given
                .as_str()
                .and_then(timespan)
                .ok_or_else(|| wrong("its `httpRequestTimeout` is not of the form hh:mm:ss"))?,
        };
        let is_set = |name: &str| match member(settings, name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
            _ => false,
        };
        Ok(Self {
            url,
            // Checked above.
            method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET),
            headers,
            body,
            timeout: timeout.clamp(Duration::from_secs(1), LONGEST_TIMEOUT),
            follows: !is_set("turnOffAsync"),
            blind: is_set("disableCertValidation"),
        })
    }
}

fn wrong(why: impl std::fmt::Display) -> Fault {
    Fault::new(Code::PipelineInvalid, format!("the WebActivity cannot be run: {why}"))
}

/// A list of name and value, or an object of them.
fn headers(settings: &Object) -> Result<HeaderMap, Fault> {
    let empty = Object::new();
    let given = match member(settings, "headers") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(given)) => given,
        Some(_) => return Err(wrong("its `headers` are not an object")),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // The value may be secret: it is not told.
        let bad = || wrong(format!("its header {name:?} is none"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.append(name, HeaderValue::from_str(value.trim()).map_err(|_| bad())?);
    }
    Ok(headers)
}

fn body(settings: &Object) -> Option<String> {
    match member(settings, "body")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn check_authentication(settings: &Object) -> Result<(), Fault> {
    let Some(given) = member(settings, "authentication").filter(|given| !given.is_null()) else {
        return Ok(());
    };
    let kind = given
        .as_object()
        .and_then(|given| text(given, "type"))
        .unwrap_or("None");
    if kind.eq_ignore_ascii_case("None") {
        return Ok(());
    }
    let why = match kind.to_ascii_uppercase().as_str() {
        "MSI" | "MANAGEDSERVICEIDENTITY" => "there is no managed identity outside of Azure",
        "BASIC" | "CLIENTCERTIFICATE" | "SERVICEPRINCIPAL" | "USERASSIGNEDMANAGEDIDENTITY" => {
            "secrets of activities are not sealed, and Sluice keeps none in clear"
        }
        _ => "it is not known",
    };
    let text = format!("the WebActivity's authentication {kind:?} is not served: {why}");
    Err(Fault::new(Code::WebAuthentication, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(settings: Value) -> Result<Request, Fault> {
        Request::read(settings.as_object().unwrap())
    }

    #[test]
    fn a_call_is_read_as_it_is_written() {
        let request = read(
            json!({"url": "https://example.com/a", "method": "post", "headers": {"X-A": "b", "n": 1},
            "body": {"a": [1]}, "httpRequestTimeout": "00:02:00", "turnOffAsync": true}),
        )
        .unwrap();
        assert_eq!(
            (request.method, request.body.as_deref()),
            (Method::POST, Some("{\"a\":[1]}"))
        );
        assert_eq!((request.timeout, request.follows), (Duration::from_secs(120), false));
        assert_eq!(
            (request.headers["x-a"].as_bytes(), request.headers["n"].as_bytes()),
            (&b"b"[..], &b"1"[..])
        );
    }

    #[test]
    fn what_cannot_be_called_says_why() {
        for (settings, code) in [
            (json!({}), Code::PipelineInvalid),
            (json!({"url": "not a url"}), Code::PipelineInvalid),
            (json!({"url": "http://a", "method": "BREW"}), Code::PipelineInvalid),
            (
                json!({"url": "http://a", "headers": {"a b": "canary"}}),
                Code::PipelineInvalid,
            ),
            (
                json!({"url": "http://a", "authentication": {"type": "MSI"}}),
                Code::WebAuthentication,
            ),
            (
                json!({"url": "http://a", "authentication": {"type": "Basic", "password": "canary"}}),
                Code::WebAuthentication,
            ),
        ] {
            let fault = read(settings).unwrap_err();
            assert_eq!(fault.code, code);
            assert!(!fault.message.contains("canary"));
        }
        assert!(read(json!({"url": "http://a", "authentication": {"type": "None"}})).is_ok());
    }
}

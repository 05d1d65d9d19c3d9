//! What is asked, from the activity's `typeProperties`.

use crate::login::{Login, Scheme};
use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sluice_contract::document::{member, text, timespan};
use sluice_contract::{Code, Fault, Object};
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

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
        check_authentication(settings)?;
        Self::read_settings(settings)
    }

    /// The same for an activity with a login, once its password or its token is known.
    ///
    /// # Errors
    /// `SL4011`, also for a user that no header can carry.
    pub fn read_as(settings: &Object, login: &Login, secret: &str) -> Result<Self, Fault> {
        let header = match login.scheme {
            Scheme::Principal => Zeroizing::new(format!("Bearer {secret}")),
            Scheme::Basic => {
                let user = text(&login.properties, "username").filter(|user| !user.contains(':'));
                let user = user.ok_or_else(|| wrong("its `authentication` has no `username`, or one with a colon"))?;
                let both = Zeroizing::new(format!("{user}:{secret}"));
                Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(both.as_bytes())))
            }
        };
        let mut request = Self::read_settings(settings)?;
        let mut value = HeaderValue::from_str(&header).map_err(|_| wrong("its login cannot be sent"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        Ok(request)
    }

    fn read_settings(settings: &Object) -> Result<Self, Fault> {
        let url = text(settings, "url").ok_or_else(|| wrong("it has no `url`"))?;
        let url = Url::parse(url.trim()).map_err(|error| wrong(format!("its `url` is none: {error}")))?;
        let method = text(settings, "method").unwrap_or("GET").to_ascii_uppercase();
        if !["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method.as_str()) {
            return Err(wrong(format!(
                "its `method` {method:?} is none of GET, POST, PUT, PATCH, DELETE"
            )));
        }
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
        "MSI" | "MANAGEDSERVICEIDENTITY" | "SYSTEMASSIGNEDMANAGEDIDENTITY" | "USERASSIGNEDMANAGEDIDENTITY" => {
            "there is no managed identity outside of Azure; use a service principal"
        }
        "BASIC" | "SERVICEPRINCIPAL" => {
            "its password is for a gateway's node only, and none is at hand: name the gateway in connectVia, and give the \
             password as a SecureString beside a `url` that is no expression, or as an AzureKeyVaultSecret"
        }
        "CLIENTCERTIFICATE" => "certificates of activities are not kept",
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

    #[test]
    fn a_login_is_a_header_that_nobody_prints() {
        let password =
            json!({ "type": "AzureKeyVaultSecret", "secretName": "s", "store": { "referenceName": "Vault" } });
        let settings = |kind: &str| json!({ "url": "http://a", "authentication": { "type": kind, "username": "me", "password": password } });
        for (kind, header) in [("Basic", "Basic bWU6Y2FuYXJ5"), ("ServicePrincipal", "Bearer canary")] {
            let settings = settings(kind);
            let settings = settings.as_object().unwrap();
            let login = crate::login(settings).unwrap();
            assert_eq!(Request::read(settings).unwrap_err().code, Code::WebAuthentication);
            let request = Request::read_as(settings, &login, "canary").unwrap();
            assert_eq!(request.headers[AUTHORIZATION].as_bytes(), header.as_bytes());
            let shown = format!("{request:?}");
            assert!(!shown.contains("bWU6") && !shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn managed_identities_are_refused_for_what_they_are() {
        for kind in ["MSI", "UserAssignedManagedIdentity", "ManagedServiceIdentity"] {
            let fault = read(json!({ "url": "http://a", "authentication": { "type": kind } })).unwrap_err();
            assert!(
                fault.code == Code::WebAuthentication && fault.message.contains("managed identity"),
                "{fault}"
            );
        }
    }
}

//! Errors as clients of the contract expect them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sluice_contract::{Code, Fault};

/// An error reply.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl ApiError {
    /// `PUT` with an `If-Match` of another version.
    pub(crate) fn stale() -> Self {
        let fault = Fault::new(Code::EtagMismatch, "The etag specified does not match");
        Self {
            code: "PreconditionFailed".to_owned(),
            message: format!("{} ({}). {}", fault.message, fault.code, fault.next_step()),
            ..fault.into()
        }
    }

    /// A trigger that would have to be stopped first; the code is Azure's.
    pub(crate) fn trigger_started(verb: &str, name: &str) -> Self {
        let fault = Fault::new(
            Code::TriggerStarted,
            format!("Cannot {verb} enabled Trigger; the trigger {name} needs to be disabled first"),
        );
        let code = match verb {
            "delete" => "TriggerEnabledCannotDelete",
            _ => "TriggerEnabledCannotUpdate",
        };
        Self {
            code: code.to_owned(),
            message: format!("{} ({}). {}", fault.message, fault.code, fault.next_step()),
            ..fault.into()
        }
    }

    /// A data factory that is not there; the words are Azure's.
    pub(crate) fn no_factory(name: &str, group: &str) -> Self {
        Self::not_found(
            "ResourceNotFound",
            format!(
                "The Resource 'Microsoft.DataFactory/factories/{name}' under resource group '{group}' was not found."
            ),
        )
    }

    /// A resource that is not there; the words are Azure's.
    pub(crate) fn no_resource(collection: &str, name: &str) -> Self {
        Self::not_found("NotFound", format!("{collection} {name} not found"))
    }

    /// A run that is not there; the words are Azure's.
    pub(crate) fn no_run(id: &str) -> Self {
        Self::not_found("ErrorPipelineRunNotFound", format!("Cannot find pipeline run: {id}"))
    }

    /// A path or a method that is not part of the contract. `allow` names the methods the path has.
    pub(crate) fn unsupported(method: &str, path: &str, allow: &[&str]) -> Self {
        let what = format!("{method} {path} is not an operation of this factory");
        let mut error: Self = Fault::new(Code::OperationNotSupported, what).into();
        error.code = "OperationNotSupported".to_owned();
        if let Ok(allow) = HeaderValue::from_str(&allow.join(", "))
            && !allow.is_empty()
        {
            error.status = StatusCode::METHOD_NOT_ALLOWED;
            error.headers.push((header::ALLOW, allow));
        }
        error
    }

    /// A resource of Azure's that has no place here.
    pub(crate) fn kind_not_served(what: String) -> Self {
        Self {
            code: "OperationNotSupported".to_owned(),
            ..Fault::new(Code::KindNotServed, what).into()
        }
    }

    /// Whether the resource is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.code == "NotFound"
    }

    fn not_found(code: &str, message: String) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: code.to_owned(),
            message,
            headers: Vec::new(),
        }
    }

    /// The same error under another status.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        let (status, headers) = match fault.code {
            Code::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                vec![(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"sluice\""),
                )],
            ),
            Code::NotFound | Code::OperationNotSupported | Code::KindNotServed => (StatusCode::NOT_FOUND, vec![]),
            Code::EtagMismatch => (StatusCode::PRECONDITION_FAILED, vec![]),
            Code::KeyRefused | Code::ScopeMissing | Code::FormForged => (StatusCode::FORBIDDEN, vec![]),
            Code::ClientRefused => (StatusCode::UNAUTHORIZED, vec![]),
            Code::PlacesTaken
            | Code::NodeNameTaken
            | Code::CertificateDiffers
            | Code::GatewayOffline
            | Code::AccessNameTaken
            | Code::UpgradeByPackage => (StatusCode::CONFLICT, vec![]),
            Code::TooManyAttempts | Code::TooManyLogins => (
                StatusCode::TOO_MANY_REQUESTS,
                vec![(header::RETRY_AFTER, HeaderValue::from_static("60"))],
            ),
            Code::ChannelTimeout => (StatusCode::GATEWAY_TIMEOUT, vec![]),
            Code::StateFailed => (
                StatusCode::SERVICE_UNAVAILABLE,
                vec![(header::RETRY_AFTER, HeaderValue::from_static("1"))],
            ),
            Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, vec![]),
            _ => (StatusCode::BAD_REQUEST, vec![]),
        };
        let mut message = format!("{}: {}", fault.code, fault.message);
        if !message.ends_with(['.', '!', '?']) {
            message.push('.');
        }
        Self {
            status,
            code: fault.code.as_str().to_owned(),
            message: format!("{message} {}", fault.next_step()),
            headers,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, axum::Json(body)).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

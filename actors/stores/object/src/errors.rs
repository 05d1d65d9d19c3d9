//! The store's and the network's errors, by what they mean to a user. Signatures and strings to sign, which Azure puts into
//! details of its answers, are left out.

use object_store::client::{HttpError, HttpErrorKind};
use sluice_contract::{Code, Fault};
use std::error::Error as StdError;

/// What the chain of an error tells.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) status: Option<u16>,
    /// The store's own code, such as `ContainerNotFound`.
    pub(crate) code_of_store: Option<String>,
    message: Option<String>,
    tls: Option<String>,
    /// What the node's policy, or its proxy, says.
    refused: Option<Fault>,
    kind: Option<HttpErrorKind>,
    innermost: String,
}

/// Reads an error and what caused it.
pub(crate) fn told(error: &(dyn StdError + 'static)) -> Told {
    let mut told = Told {
        refused: sluice_http::fault_in(error),
        ..Told::default()
    };
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if told.status.is_none()
            && let Some((_, behind)) = text.split_once("status code: ")
        {
            told.status = behind.get(..3).and_then(|status| status.parse().ok());
            told.code_of_store = between(behind, "<Code>", "</Code>");
            told.message = between(behind, "<Message>", "</Message>");
        }
        if let Some(http) = error.downcast_ref::<HttpError>() {
            told.kind = Some(http.kind());
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            told.tls = Some(tls.to_string());
        }
        told.innermost = text;
        // An I/O error's source is its inner error's source: the inner error itself would be passed over.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    told
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, behind) = text.split_once(start)?;
    let (found, _) = behind.split_once(end)?;
    // Azure appends request id and time on lines of their own.
    found.lines().next().map(|line| line.trim().to_owned())
}

impl Told {
    fn code(&self) -> Code {
        if let Some(fault) = &self.refused {
            return fault.code;
        }
        if self.tls.is_some() {
            return Code::TlsFailed;
        }
        match (self.status, self.code_of_store.as_deref()) {
            (_, Some("AuthenticationFailed" | "InvalidAuthenticationInfo" | "NoAuthenticationInformation")) => {
                Code::LoginFailed
            }
            // S3.
            (_, Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken")) => {
                Code::LoginFailed
            }
            (_, Some("AccessDenied" | "AllAccessDisabled")) => Code::PermissionDenied,
            (_, Some("SlowDown")) => Code::StoreBusy,
            // Azurite says so of a wrong key, in words.
            (Some(403), Some("AuthorizationFailure")) if self.says("failed to authenticate") => Code::LoginFailed,
            (Some(403), Some(azure)) if azure.starts_with("Authorization") || azure.starts_with("Insufficient") => {
                Code::PermissionDenied
            }
            (Some(401 | 403), _) => Code::LoginFailed,
            (Some(404), _) => Code::FileNotFound,
            // A proxy's: stores do not answer so.
            (Some(407), _) => Code::ProxyLogin,
            (Some(412), _) => Code::DataInvalid,
            (Some(507), _) => Code::DiskFull,
            (Some(429 | 503), _) => Code::StoreBusy,
            (Some(_), _) => Code::StoreFailed,
            (None, _) => match self.kind {
                Some(
                    HttpErrorKind::Connect
                    | HttpErrorKind::Request
                    | HttpErrorKind::Timeout
                    | HttpErrorKind::Interrupted,
                ) => Code::StoreUnreachable,
                _ => Code::StoreFailed,
            },
        }
    }

    fn says(&self, words: &str) -> bool {
        self.message.as_ref().is_some_and(|message| message.contains(words))
    }

    fn cause(&self) -> String {
        if let Some(fault) = &self.refused {
            return fault.message.clone();
        }
        match (&self.tls, self.status) {
            (Some(tls), _) => tls.clone(),
            (None, Some(412)) => "it was changed while it was read".to_owned(),
            (None, Some(status)) => {
                let azure = self
                    .code_of_store
                    .as_deref()
                    .unwrap_or("the store answered without saying why");
                match &self.message {
                    Some(message) => format!("{azure} ({status}): {message}"),
                    None => format!("{azure} ({status})"),
                }
            }
            (None, None) => self.innermost.clone(),
        }
    }
}

/// `what` was tried at `place`.
pub(crate) fn fault(what: &str, place: &str, error: &object_store::Error) -> Fault {
    let told = told(error);
    let mut code = told.code();
    // A HEAD has no body, and thus no status in words where the library keeps only the kind.
    if told.status.is_none() {
        code = match error {
            object_store::Error::NotFound { .. } => Code::FileNotFound,
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Code::LoginFailed
            }
            object_store::Error::Precondition { .. } => Code::DataInvalid,
            object_store::Error::InvalidPath { .. } => Code::PropertyMissing,
            _ => code,
        };
    }
    if matches!(
        told.code_of_store.as_deref(),
        Some("ContainerNotFound" | "NoSuchBucket")
    ) {
        let container = place.rsplit_once(" in ").map_or(place, |(_, container)| container);
        return Fault::new(code, format!("{what} {place}: there is no container {container}"));
    }
    Fault::new(code, format!("{what} {place}: {}", told.cause()))
}

/// The same for a request of our own.
pub(crate) fn request_fault(what: &str, place: &str, error: reqwest::Error) -> Fault {
    let connect = error.is_connect() || error.is_timeout();
    let told = told(&error.without_url());
    let code = match (&told.refused, &told.tls) {
        (Some(fault), _) => fault.code,
        (None, Some(_)) => Code::TlsFailed,
        (None, None) if connect => Code::StoreUnreachable,
        (None, None) => Code::StoreFailed,
    };
    Fault::new(code, format!("{what} {place}: {}", told.cause()))
}

impl Told {
    /// The text of the cause of all.
    pub(crate) fn innermost(&self) -> &str {
        &self.innermost
    }
}

#[cfg(test)]
mod tests;

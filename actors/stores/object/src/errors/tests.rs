use super::*;
use object_store::Error;

#[derive(Debug)]
struct Says(String);

impl std::fmt::Display for Says {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Says {}

fn answered(status: &str, azure: &str, message: &str) -> Error {
    let body = format!(
        "Server returned non-2xx status code: {status}: <?xml version=\"1.0\"?><Error><Code>{azure}</Code><Message>{message}\n\
         RequestId:1\nTime:2</Message><AuthenticationErrorDetail>String to sign was CANARY</AuthenticationErrorDetail></Error>"
    );
    Error::Generic {
        store: "azure",
        source: Box::new(Says(body)),
    }
}

#[test]
fn answers_become_faults() {
    let denied = "This request is not authorized to perform this operation.";
    for (status, azure, message, code) in [
        (
            "403 Forbidden",
            "AuthenticationFailed",
            "Server failed to authenticate the request.",
            Code::LoginFailed,
        ),
        (
            "403 Forbidden",
            "AuthorizationFailure",
            "Server failed to authenticate the request.",
            Code::LoginFailed,
        ),
        ("403 Forbidden", "AuthorizationFailure", denied, Code::PermissionDenied),
        (
            "403 Forbidden",
            "AuthorizationPermissionMismatch",
            denied,
            Code::PermissionDenied,
        ),
        ("403 Forbidden", "Other", denied, Code::LoginFailed),
        (
            "401 Unauthorized",
            "NoAuthenticationInformation",
            "x",
            Code::LoginFailed,
        ),
        ("404 Not Found", "BlobNotFound", "x", Code::FileNotFound),
        ("404 Not Found", "ContainerNotFound", "x", Code::FileNotFound),
        ("412 Precondition Failed", "ConditionNotMet", "x", Code::DataInvalid),
        ("507 Insufficient Storage", "x", "x", Code::DiskFull),
        ("503 Service Unavailable", "ServerBusy", "x", Code::StoreBusy),
        ("400 Bad Request", "InvalidBlockList", "x", Code::StoreFailed),
    ] {
        let fault = fault("reading", "a/b in box", &answered(status, azure, message));
        assert_eq!(fault.code, code, "{fault}");
        assert!(
            !fault.message.contains("CANARY") && !fault.message.contains("RequestId"),
            "{fault}"
        );
    }
    let missing = fault(
        "reading",
        "a in b in box",
        &answered("404 Not Found", "ContainerNotFound", "x"),
    );
    assert!(missing.message.ends_with("there is no container box"), "{missing}");
}

#[test]
fn the_network_is_told_from_the_store() {
    let network = |kind, source: Box<dyn StdError + Send + Sync>| Error::Generic {
        store: "azure",
        source: Box::new(HttpError::new_boxed(kind, source)),
    };
    let refused = Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    let refused = fault("reading", "x in box", &network(HttpErrorKind::Connect, refused));
    assert_eq!(refused.code, Code::StoreUnreachable);
    let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let untrusted = Box::new(std::io::Error::other(untrusted));
    let untrusted = fault("reading", "x in box", &network(HttpErrorKind::Connect, untrusted));
    assert_eq!(untrusted.code, Code::TlsFailed);
    assert!(untrusted.message.contains("UnknownIssuer"), "{untrusted}");
}

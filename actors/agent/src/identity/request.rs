//! The one request of a registration. The key leaves this machine only after the server's CA matched the key's pin.

use super::pin::{Pinned, Refusal};
use super::tls::builder;
use serde::Deserialize;
use sluice_contract::enrol::{EnrolReply, EnrolRequest, RegistrationKey};
use sluice_contract::{Code, Fault};
use sluice_http::fault_in;
use sluice_net::{Network, Verifier};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const CONNECT: Duration = Duration::from_secs(15);
const WHOLE: Duration = Duration::from_secs(60);
/// An answer holds two certificates.
const MAX_ANSWER: usize = 256 * 1024;

/// Sends the request to the key's endpoint; where it names several, to the first that can be reached.
///
/// # Errors
/// `SL2001` when the key's endpoint is no address, `SL2003` when the server is not the factory, `SL2006` when it cannot be
/// reached; otherwise what the factory answered.
pub(super) async fn enrol(
    outward: &Network,
    key: &RegistrationKey,
    request: &EnrolRequest,
) -> Result<EnrolReply, Fault> {
    let mut endpoints = Vec::new();
    for endpoint in key.endpoint.split(',') {
        endpoints.push((endpoint, address(endpoint)?));
    }
    let mut failed = Fault::new(Code::FactoryUnreachable, "the key names no address of the factory");
    for (endpoint, url) in endpoints {
        match enrol_at(outward, key, endpoint, url, request).await {
            Err(fault) if fault.code == Code::FactoryUnreachable => failed = fault,
            other => return other,
        }
    }
    Err(failed)
}

async fn enrol_at(
    outward: &Network,
    key: &RegistrationKey,
    endpoint: &str,
    url: Url,
    request: &EnrolRequest,
) -> Result<EnrolReply, Fault> {
    let verifier = Arc::new(Verifier::new(Pinned::new(key.ca_pin)));
    let tls = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn rustls::client::danger::ServerCertVerifier>)
        .with_no_client_auth();
    let (builder, guard) = sluice_http::client(outward);
    guard.permit(&url).await?;
    let client = builder
        .tls_backend_preconfigured(tls)
        .https_only(true)
        // The key goes to the pinned factory and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .build()
        .map_err(|e| Fault::new(Code::Internal, format!("no HTTPS client: {}", causes(&e))))?;
    let refusal = |place: &str| {
        Some(match verifier.trust().refusal()? {
            Refusal::NotTheFactory(why) => Fault::new(
                Code::CaPinMismatch,
                format!("the server at {place} is not the factory that issued the key: {why}. The key was not sent"),
            ),
            Refusal::Invalid(why) => Fault::new(
                Code::FactoryUnreachable,
                format!("the factory at {place}: its certificate is not valid: {why}"),
            ),
        })
    };
    let body = exchange(client.post(url).json(request), endpoint, refusal).await?;
    serde_json::from_slice(&body).map_err(|e| {
        let message = format!("the factory at {endpoint}: its answer is not understood: {e}");
        Fault::new(Code::FactoryUnreachable, message)
    })
}

/// Sends a request to the factory and reads its answer. `refusal` may know better why nothing was sent.
///
/// # Errors
/// `SL2006`, what `refusal` says, or what the factory answered.
pub(super) async fn exchange(
    request: reqwest::RequestBuilder,
    place: &str,
    refusal: impl Fn(&str) -> Option<Fault>,
) -> Result<Vec<u8>, Fault> {
    let unreachable = |why: String| Fault::new(Code::FactoryUnreachable, format!("the factory at {place}: {why}"));
    let answer = request.send().await;
    let of_proxy = |error: &reqwest::Error| fault_in(error).filter(|fault| fault.code != Code::StoreUnreachable);
    let mut answer = answer.map_err(|error| {
        let known = refusal(place).or_else(|| of_proxy(&error));
        known.unwrap_or_else(|| unreachable(causes(&error)))
    })?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(causes(&e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(unreachable("its answer is too long".to_owned()));
        }
    }
    if !status.is_success() {
        return Err(refused(status.as_u16(), &body, place));
    }
    Ok(body)
}

/// `https://ENDPOINT/enrol/v1/nodes`, when the endpoint is a host and an optional port and nothing more.
fn address(endpoint: &str) -> Result<Url, Fault> {
    const PATH: &str = "/enrol/v1/nodes";
    Url::parse(&format!("https://{endpoint}{PATH}"))
        .ok()
        .filter(|url| url.path() == PATH && url.username().is_empty() && url.password().is_none())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or_else(|| {
            Fault::new(
                Code::KeyInvalid,
                "The content or format of the gateway key is invalid: the service endpoint is not host:port",
            )
        })
}

/// What the factory's error body says, in the form of Azure's.
fn refused(status: u16, body: &[u8], place: &str) -> Fault {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: String,
        message: String,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error }) => match Code::parse(&error.code) {
            Some(code) => Fault::told(code, &error.message),
            None => Fault::new(
                Code::FactoryUnreachable,
                format!("the factory at {place} answered {}: {}", error.code, error.message),
            ),
        },
        Err(_) => Fault::new(
            Code::FactoryUnreachable,
            format!("the server at {place} answered with HTTP status {status}"),
        ),
    }
}

/// An error with its causes; the address is left to the caller.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut text = Vec::new();
    let mut next: Option<&dyn Error> = error.source();
    while let Some(error) = next {
        text.push(error.to_string());
        next = error.source();
    }
    text.dedup();
    if text.is_empty() {
        return if error.is_timeout() {
            "it did not answer in time"
        } else {
            "the request failed"
        }
        .to_owned();
    }
    text.join(": ")
}

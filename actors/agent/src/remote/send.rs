//! The machine from which another one is registered.

use super::exact::{Exactly, parse};
use super::{Order, PATH};
use serde::Deserialize;
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault};
use sluice_net::Verifier;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

const CONNECT: Duration = Duration::from_secs(15);
/// The other machine makes keys, and asks its factory.
const WHOLE: Duration = Duration::from_secs(120);
const MAX_ANSWER: usize = 64 * 1024;

/// What is sent where.
pub struct SendOptions {
    /// `host:port`.
    pub address: String,
    /// SHA-256 of the certificate that the other machine shows.
    pub pin: String,
    /// The one-time code that it printed.
    pub code: Zeroizing<String>,
    /// The gateway's registration key.
    pub key: RegistrationKey,
    /// The name of the new node.
    pub name: Option<String>,
    /// Whether the gateway's keys come from another node, once that was approved there.
    pub await_approval: bool,
}

impl std::fmt::Debug for SendOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendOptions")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Has another machine register itself, and says what it answered: the members of [`crate::Registered`].
///
/// # Errors
/// `SL1001` for an address or a fingerprint that is none, `SL5035` when the machine shows another certificate (nothing was
/// sent), `SL5036` when it does not answer, `SL5034` when it refuses, and what its registration says.
pub async fn send(options: SendOptions) -> Result<serde_json::Value, Fault> {
    let place = options.address.trim().to_owned();
    let url = Url::parse(&format!("https://{place}{PATH}"))
        .ok()
        .filter(|url| url.path() == PATH && url.username().is_empty() && url.query().is_none())
        .ok_or_else(|| Fault::new(Code::Usage, format!("{place:?} is not of the form host:port")))?;
    let pin = parse(&options.pin).ok_or_else(|| {
        Fault::new(
            Code::Usage,
            "--pin is no fingerprint: 64 hexadecimal digits, with or without colons",
        )
    })?;
    let verifier = Arc::new(Verifier::new(Exactly::new(pin)));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let internal = |e: &dyn std::fmt::Display| Fault::new(Code::Internal, format!("no HTTPS client: {e}"));
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| internal(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn rustls::client::danger::ServerCertVerifier>)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .build()
        .map_err(|e| internal(&e))?;
    let order = Order {
        code: options.code.as_str().to_owned(),
        key: options.key.expose(),
        name: options.name,
        await_approval: options.await_approval,
    };
    let unreachable = |why: &dyn std::fmt::Display| Fault::new(Code::RemoteUnreachable, format!("{place}: {why}"));
    let sent = client.post(url).json(&order).send().await;
    let mut answer = sent.map_err(|error| match verifier.trust().saw_another() {
        true => Fault::new(
            Code::RemotePinMismatch,
            format!("{place} shows a certificate with another fingerprint"),
        ),
        false => unreachable(&innermost(&error)),
    })?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&innermost(&e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(unreachable(&"its answer is too long"));
        }
    }
    match status.is_success() {
        true => serde_json::from_slice(&body).map_err(|e| unreachable(&format!("its answer is not understood: {e}"))),
        false => Err(refusal(&place, status.as_u16(), &body)),
    }
}

fn refusal(place: &str, status: u16, body: &[u8]) -> Fault {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: String,
        message: String,
    }
    let known = serde_json::from_slice::<Body>(body).ok();
    match known.and_then(|body| Some((Code::parse(&body.error.code)?, body.error.message))) {
        Some((code, message)) => Fault::new(code, format!("{place}: {message}")),
        None => Fault::new(
            Code::RemoteUnreachable,
            format!("{place} answered with HTTP status {status}"),
        ),
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

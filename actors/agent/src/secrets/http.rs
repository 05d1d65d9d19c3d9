//! Asking a store of secrets over HTTPS: no redirect is followed, an answer has an end, and a busy store is asked again.

use reqwest::RequestBuilder;
use serde_json::Value;
use sluice_contract::{Code, Fault};
use sluice_http::{Guard, fault_in};
use sluice_net::Network;
use sluice_store_core::StoreProperties;
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(20);
/// Answers hold one secret.
const MAX_ANSWER: usize = 256 * 1024;
/// How often a store that is busy or failing is asked.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// A client that trusts the public authorities, and the linked service's `caCertificate`.
///
/// # Errors
/// `SL6013` when that is no certificate.
pub(super) fn client(network: &Network, properties: &StoreProperties) -> Result<Http, Fault> {
    let (builder, guard) = sluice_http::client(network);
    let mut builder = builder
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE);
    if let Some(pem) = properties.text("caCertificate") {
        let invalid = |_| Fault::new(Code::PropertyMissing, "`caCertificate` is no PEM certificate");
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(invalid)?);
    }
    let client = builder
        .build()
        .map_err(|e| Fault::new(Code::Internal, format!("no HTTPS client: {e}")))?;
    Ok(Http { client, guard })
}

/// A client, and who is asked before it requests anything.
pub(super) struct Http {
    client: reqwest::Client,
    guard: Guard,
}

impl Http {
    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    pub(super) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }
}

/// An address of a linked service, with HTTPS.
///
/// # Errors
/// `SL6013`.
pub(super) fn address(name: &str, text: &str) -> Result<Url, Fault> {
    Url::parse(text.trim())
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.query().is_none())
        .ok_or_else(|| Fault::new(Code::PropertyMissing, format!("`{name}` {text:?} is no https address")))
}

/// Status and body of an answer. The body may hold a secret.
///
/// # Errors
/// `SL5027` when there is no answer, or none but that the store is busy; `SL5021` of the node's policy, and what its proxy says.
pub(super) async fn ask(
    http: &Http,
    place: &str,
    request: impl Fn() -> RequestBuilder,
) -> Result<(u16, Zeroizing<Vec<u8>>), Fault> {
    let mut pause = PAUSE;
    let mut tries = 0;
    loop {
        tries += 1;
        let outcome = once(http, place, request()).await;
        let again = match &outcome {
            Ok((status, _)) => *status == 429 || *status >= 500,
            Err(fault) => fault.code == Code::SecretStoreUnreachable,
        };
        match outcome {
            _ if again && tries < TRIES => {}
            Ok((status, _)) if again => {
                let message = format!("{place} answered with HTTP status {status}");
                return Err(Fault::new(Code::SecretStoreUnreachable, message));
            }
            outcome => return outcome,
        }
        tokio::time::sleep(pause).await;
        pause *= 3;
    }
}

async fn once(http: &Http, place: &str, request: RequestBuilder) -> Result<(u16, Zeroizing<Vec<u8>>), Fault> {
    let unreachable = |error: &reqwest::Error| {
        if let Some(fault) = fault_in(error)
            && fault.code != Code::StoreUnreachable
        {
            return fault.context(place);
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Fault::new(Code::SecretStoreUnreachable, format!("{place}: {cause}"))
    };
    let request = request.build().map_err(|e| unreachable(&e))?;
    http.guard
        .permit(request.url())
        .await
        .map_err(|fault| fault.context(place))?;
    let mut answer = http.client.execute(request).await.map_err(|e| unreachable(&e))?;
    let status = answer.status().as_u16();
    let mut body = Zeroizing::new(Vec::with_capacity(16 * 1024));
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&e))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            let message = format!("{place}: its answer is too long");
            return Err(Fault::new(Code::SecretStoreUnreachable, message));
        }
    }
    Ok((status, body))
}

/// What a refusal says of itself; never the secret's own text.
pub(super) fn words(body: &[u8], members: &[&str]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let found = members
        .iter()
        .find_map(|path| value.pointer(path).and_then(Value::as_str));
    let text: String = found
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    match text.is_empty() {
        true => String::new(),
        false => format!(": {text}"),
    }
}

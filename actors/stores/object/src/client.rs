//! How a service is talked to: over connections to what the node's policy allows, within limits of time.

use crate::tap::Tapped;
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use std::time::Duration;
use url::Url;

/// No request takes longer: blocks and ranges are a few MiB.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No bytes for this long, and the request is tried again.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A client for a service.
///
/// # Errors
/// `SL6013` when the authorities to trust cannot be read.
pub(crate) fn client(network: &Network, endpoint: &Url, ca: Option<&str>) -> Result<Tapped, Fault> {
    let (builder, guard) = sluice_http::client(network);
    // What compresses by itself would change lengths.
    let builder = builder
        .http1_only()
        .https_only(endpoint.scheme() != "http")
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
        .timeout(REQUEST_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .tls_certs_merge(authorities(ca)?);
    let http = builder.build().map_err(|error| {
        let text = format!("no client for the store: {}", crate::errors::told(&error).innermost());
        Fault::new(Code::Internal, text)
    })?;
    Ok(Tapped { http, guard })
}

fn authorities(ca: Option<&str>) -> Result<Vec<reqwest::Certificate>, Fault> {
    let refused = |why: String| Fault::new(Code::PropertyMissing, why);
    let Some(pem) = ca else { return Ok(Vec::new()) };
    let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| {
        refused(format!(
            "`caCertificate` is not PEM: {}",
            crate::errors::told(&error).innermost()
        ))
    })?;
    match certificates.is_empty() {
        true => Err(refused("`caCertificate` holds no certificate in PEM form".to_owned())),
        false => Ok(certificates),
    }
}

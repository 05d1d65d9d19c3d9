//! TLS 1.2 and 1.3 for the two listeners.

use super::{Ca, ServerIdentity, failed};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sluice_contract::Fault;
use std::sync::Arc;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// TLS for REST and the page: no client certificate, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// `SL9001` when key and certificate do not fit.
pub(crate) fn rest_config(identity: &ServerIdentity) -> Result<Arc<ServerConfig>, Fault> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| failed("TLS", e))?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(|e| failed("server.pem", e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// TLS for the control channel: every peer shows a certificate of this factory's CA.
///
/// # Errors
/// `SL9001` when key and certificate do not fit.
pub(crate) fn amqp_config(identity: &ServerIdentity, ca: &Ca) -> Result<Arc<ServerConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der.clone().into()).map_err(|e| failed("ca.pem", e))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|e| failed("ca.pem", e))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| failed("TLS", e))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(|e| failed("server.pem", e))?;
    Ok(Arc::new(config))
}

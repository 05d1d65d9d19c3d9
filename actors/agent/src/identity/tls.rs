//! The TLS of the control channel: the factory's CA as the only root, the node's certificate for itself.

use crate::state::{StateDir, read_key, read_public};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// The TLS settings with which a registered node connects. Its certificate is read anew for each connection: it is renewed
/// while the agent runs.
///
/// # Errors
/// `SL5007` for the key, `SL8006` for the certificates.
pub(crate) fn client_config(state: &StateDir) -> Result<Arc<ClientConfig>, Fault> {
    own(state)?;
    let config = builder()?
        .with_root_certificates(roots(state)?)
        .with_client_cert_resolver(Arc::new(Own(state.clone())));
    Ok(Arc::new(config))
}

/// Shows the node's certificate as it is in the state directory now.
#[derive(Debug)]
struct Own(StateDir);

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        match own(&self.0) {
            Ok(own) => Some(Arc::new(own)),
            Err(fault) => {
                tracing::error!(%fault, "The node's certificate cannot be shown to the factory.");
                None
            }
        }
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The node's certificate with its key.
fn own(state: &StateDir) -> Result<CertifiedKey, Fault> {
    let chain = read_certificates(&state.node_certificate())?;
    let path = state.node_key();
    let damaged = |why: &str| Fault::new(Code::VaultUnavailable, format!("{}: {why}", path.display())).retryable(false);
    let pem = read_key(&path)?.ok_or_else(|| damaged("the file is missing"))?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| damaged("it holds no private key"))?;
    let key = any_supported_type(&key).map_err(|_| damaged("its key is of no kind that is served"))?;
    let own = CertifiedKey::new(chain, key);
    own.keys_match().map_err(|e| broken(&state.node_certificate(), &e))?;
    Ok(own)
}

/// The factory's authorities.
///
/// # Errors
/// `SL8006`.
pub(super) fn roots(state: &StateDir) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(&state.ca_file())? {
        roots.add(certificate).map_err(|e| broken(&state.ca_file(), &e))?;
    }
    Ok(roots)
}

/// TLS 1.2 and 1.3 on aws-lc-rs, whatever the process's default provider is.
pub(super) fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Fault> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::new(Code::Internal, format!("the TLS library refused its own defaults: {e}")))
}

fn read_certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read_public(path)?.ok_or_else(|| broken(path, &"the file is missing"))?;
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| broken(path, &e))?;
    if certificates.is_empty() {
        return Err(broken(path, &"it holds no certificate"));
    }
    Ok(certificates)
}

fn broken(path: &std::path::Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(Code::NodeStateFailed, format!("{}: {why}", path.display()))
}

//! TLS towards a broker: its own CA or the public ones, and a client certificate if it asks for one.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// The settings: `ca` are the PEM certificates to trust instead of the public authorities, `identity` a client certificate
/// with those that certify it and its key, both PEM.
///
/// # Errors
/// `SL3007` when one of the texts holds no certificate or key.
pub fn broker_tls(ca: Option<&str>, identity: Option<(&str, &str)>) -> Result<Arc<ClientConfig>, Fault> {
    let wrong = |what: &str| Fault::new(Code::BrokerAddressInvalid, what.to_owned());
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => {
            for certificate in
                certificates(pem).ok_or_else(|| wrong("the broker's CA file is not of PEM certificates"))?
            {
                roots
                    .add(certificate)
                    .map_err(|e| wrong(&format!("the broker's CA file holds an unusable certificate: {e}")))?;
            }
            if roots.is_empty() {
                return Err(wrong("the broker's CA file holds no certificate"));
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::new(Code::Internal, format!("the TLS library refused its own defaults: {e}")))?
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = certificates(chain)
                .filter(|chain| !chain.is_empty())
                .ok_or_else(|| wrong("the client certificate for the broker is not PEM"))?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|_| wrong("the key of the client certificate for the broker is not PEM"))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| wrong(&format!("the client certificate for the broker is not usable: {e}")))?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .ok()
}

//! TLS over rustls with aws-lc-rs.

use crate::settings::{Settings, SslMode};
use crate::verify::Verifier;
use crate::wire::channel::Socket;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const NONE: u64 = u64::MAX;

/// Makes handshakes.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    millis: Arc<AtomicU64>,
}

impl Tls {
    /// The configuration for a TLS mode.
    ///
    /// # Errors
    /// `SL6013` when `caCertificate` holds no certificate.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Fault> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(pem) = &settings.ca {
            add(&mut roots, pem)?;
        }
        // Who names a CA wants it verified.
        let chain = match settings.ssl {
            SslMode::VerifyCa | SslMode::VerifyIdentity => true,
            SslMode::Required => settings.ca.is_some(),
            SslMode::Disabled | SslMode::Preferred => false,
        };
        let verifier = Verifier::new(roots, &provider, chain, settings.ssl == SslMode::VerifyIdentity);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::new(Code::Internal, format!("setting TLS up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            millis: Arc::new(AtomicU64::new(NONE)),
        })
    }

    /// How long the last handshake took; none when there was none.
    pub(crate) fn took(&self) -> Option<Duration> {
        let millis = self.millis.load(Ordering::Relaxed);
        (millis != NONE).then(|| Duration::from_millis(millis))
    }

    /// Makes the handshake.
    ///
    /// # Errors
    /// Why it failed.
    pub(crate) async fn handshake(&self, host: &str, socket: Box<dyn Socket>) -> Result<Box<dyn Socket>, String> {
        let started = Instant::now();
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is not a name TLS can ask for"))?;
        let secured = tokio_rustls::TlsConnector::from(self.config.clone())
            .connect(name, socket)
            .await
            .map_err(|error| error.to_string())?;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(NONE - 1);
        self.millis.store(millis, Ordering::Relaxed);
        Ok(Box::new(secured))
    }
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), Fault> {
    let bad = |why: String| Fault::new(Code::PropertyMissing, format!("`caCertificate` is not usable: {why}"));
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        found += 1;
    }
    match found {
        0 => Err(bad("it holds no PEM certificate".into())),
        _ => Ok(()),
    }
}

//! TLS over rustls with aws-lc-rs.

use crate::settings::{Settings, SslMode};
use crate::verify::Verifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Makes the handshake of one connection.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    handshake_millis: Arc<AtomicU64>,
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
        // As libpq does: `require` verifies the chain once somebody says which CA it should be.
        let chain = match settings.ssl {
            SslMode::VerifyCa | SslMode::VerifyFull => true,
            SslMode::Require => settings.ca.is_some(),
            SslMode::Disable | SslMode::Prefer => false,
        };
        let verifier = Verifier::new(roots, &provider, chain, settings.ssl == SslMode::VerifyFull);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::new(Code::Internal, format!("setting TLS up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            handshake_millis: Arc::new(AtomicU64::new(u64::MAX)),
        })
    }

    /// Makes the handshake; in words why it failed.
    pub(crate) async fn handshake(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let started = Instant::now();
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is not a name TLS can ask for"))?;
        let connector = tokio_rustls::TlsConnector::from(self.config.clone());
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.handshake_millis.store(millis, Ordering::Relaxed);
        Ok(stream)
    }

    /// How long the last handshake took, in milliseconds; none when there was none.
    pub(crate) fn handshake_millis(&self) -> Option<u64> {
        Some(self.handshake_millis.load(Ordering::Relaxed)).filter(|millis| *millis != u64::MAX)
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
    if found == 0 {
        return Err(bad("it holds no PEM certificate".into()));
    }
    Ok(())
}

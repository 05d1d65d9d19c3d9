//! TLS for tokio-postgres over rustls with aws-lc-rs.

use crate::settings::{Settings, SslMode};
use crate::verify::Verifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sluice_contract::{Code, Fault};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

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

/// A failed handshake.
#[derive(Debug)]
pub(crate) struct TlsFailure(String);

impl std::fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsFailure {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Secured<S>;
    type TlsConnect = Handshake;
    type Error = TlsFailure;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, TlsFailure> {
        Ok(Handshake {
            tls: self.clone(),
            domain: domain.to_owned(),
        })
    }
}

/// A handshake to be made.
pub(crate) struct Handshake {
    tls: Tls,
    domain: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Secured<S>;
    type Error = TlsFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Secured<S>, TlsFailure>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let started = Instant::now();
            let name = ServerName::try_from(self.domain.clone())
                .map_err(|_| TlsFailure(format!("{:?} is not a name TLS can ask for", self.domain)))?;
            let stream = tokio_rustls::TlsConnector::from(self.tls.config)
                .connect(name, stream)
                .await
                .map_err(|error| TlsFailure(error.to_string()))?;
            let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
            self.tls.handshake_millis.store(millis, Ordering::Relaxed);
            Ok(Secured(Box::new(stream)))
        })
    }
}

/// A connection inside TLS.
pub(crate) struct Secured<S>(Box<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Secured<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

//! TLS over rustls with aws-lc-rs.

use crate::roots::roots;
use crate::verify::AsAsked;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sluice_contract::{Code, Fault};
use sluice_net::Verifier;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;

const NONE: u64 = u64::MAX;

/// How much of a server's certificate is verified. That it owns the certificate's key always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing else.
    Nothing,
    /// It leads to a root.
    Chain,
    /// And is of the server that was asked for.
    ChainAndName,
}

/// Makes handshakes.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    millis: Arc<AtomicU64>,
}

impl Tls {
    /// The configuration; `ca` is a PEM text with more roots.
    ///
    /// # Errors
    /// `SL6013` when `ca` holds no certificate.
    pub fn new(ca: Option<&str>, check: Check) -> Result<Self, Fault> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = AsAsked {
            roots: roots(ca)?,
            chain: check != Check::Nothing,
            name: check == Check::ChainAndName,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::new(Code::Internal, format!("setting TLS up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(trust)))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            millis: Arc::new(AtomicU64::new(NONE)),
        })
    }

    /// How long the last handshake took; none when there was none.
    pub fn took(&self) -> Option<Duration> {
        let millis = self.millis.load(Ordering::Relaxed);
        (millis != NONE).then(|| Duration::from_millis(millis))
    }

    /// Makes the handshake.
    ///
    /// # Errors
    /// Why it failed, in words.
    pub async fn handshake<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let started = Instant::now();
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is not a name TLS can ask for"))?;
        let secured = tokio_rustls::TlsConnector::from(self.config.clone())
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(NONE - 1);
        self.millis.store(millis, Ordering::Relaxed);
        Ok(secured)
    }
}

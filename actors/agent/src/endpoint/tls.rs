//! The endpoint's own certificate, and connections that have shaken hands.

use crate::state::{StateDir, read_key, read_public, write_private};
use axum::serve::Listener;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sluice_contract::{Code, Fault};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at the same time; further connections wait.
const HANDSHAKES: usize = 64;
/// A listener that cannot accept is asked again after this.
const PAUSE: Duration = Duration::from_millis(200);

/// TLS with the certificate in the state directory, which is made when it is not there. Blocks.
///
/// # Errors
/// `SL5007` and `SL8006` for the files, `SL9002` when the library fails.
pub(crate) fn server_config(state: &StateDir) -> Result<Arc<ServerConfig>, Fault> {
    let (certificate, key) = (state.path().join("endpoint.pem"), state.path().join("endpoint.key"));
    let failed = |e: &dyn std::fmt::Display| Fault::new(Code::Internal, format!("the endpoint's certificate: {e}"));
    if read_public(&certificate)?.is_none() || read_key(&key)?.is_none() {
        let names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            crate::machine::name(),
        ];
        let mut params = CertificateParams::new(names).map_err(|e| failed(&e))?;
        params.distinguished_name.push(DnType::CommonName, "Sluice node");
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| failed(&e))?;
        let made = params.self_signed(&pair).map_err(|e| failed(&e))?;
        write_private(&key, Zeroizing::new(pair.serialize_pem()).as_bytes())?;
        write_private(&certificate, made.pem().as_bytes())?;
    }
    let pem = read_public(&certificate)?.unwrap_or_default();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|e| failed(&e))?;
    let pem = read_key(&key)?.unwrap_or_default();
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|e| failed(&e))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| failed(&e))?;
    Ok(Arc::new(config))
}

type Handshake = Pin<Box<dyn Future<Output = Option<(TlsStream<TcpStream>, SocketAddr)>> + Send>>;

/// Hands out connections whose handshake is done. One that is slow holds up nobody else.
pub(crate) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    shaking: FuturesUnordered<Handshake>,
}

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        Self {
            listener,
            acceptor: TlsAcceptor::from(config),
            shaking: FuturesUnordered::new(),
        }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(done) = self.shaking.next() => {
                    if let Some(connection) = done {
                        return connection;
                    }
                }
                accepted = self.listener.accept(), if self.shaking.len() < HANDSHAKES => match accepted {
                    Ok((stream, address)) => {
                        let shake = self.acceptor.accept(stream);
                        self.shaking.push(Box::pin(async move {
                            let stream = timeout(HANDSHAKE, shake).await.ok()?.ok()?;
                            Some((stream, address))
                        }));
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

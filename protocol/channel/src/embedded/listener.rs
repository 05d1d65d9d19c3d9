//! Accepts connections and brings each through TLS to the gatekeeper.

use super::broker::{Broker, Limits};
use super::connection::{self, Opened};
use super::registry::Registry;
use super::{EmbeddedOptions, Gatekeeper};
use crate::stream::Guarded;
use sluice_contract::{Code, Fault};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

/// How long a peer whose TLS handshake failed is given to read the alert.
const ALERT_GRACE: Duration = Duration::from_secs(1);
/// The pause after the operating system refused to hand over a connection (it is out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(crate) struct Endpoint {
    pub(crate) options: EmbeddedOptions,
    pub(crate) gatekeeper: Arc<dyn Gatekeeper>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    places: Arc<Semaphore>,
}

impl Endpoint {
    pub(crate) fn start(
        socket: TcpListener,
        options: EmbeddedOptions,
        limits: Limits,
        gatekeeper: Arc<dyn Gatekeeper>,
    ) -> Arc<Self> {
        let endpoint = Arc::new(Self {
            options,
            gatekeeper,
            broker: Arc::new(Broker::new(&limits)),
            registry: Registry::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(limits.connections)),
        });
        endpoint.tasks.spawn(endpoint.clone().listen(socket));
        endpoint
    }

    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(2 * self.options.deadline, self.tasks.wait()).await.is_err() {
            warn!("Connections of the control channel did not end in time");
        }
    }

    async fn listen(self: Arc<Self>, socket: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            match accepted {
                Ok((tcp, from)) => self.take(tcp, from),
                Err(error) => {
                    warn!(%error, "A connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(self: &Arc<Self>, tcp: TcpStream, from: SocketAddr) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            warn!(%from, "A connection was turned away: the limit of connections is reached");
            return;
        };
        let endpoint = self.clone();
        self.tasks.spawn(async move {
            let stop = endpoint.stop.clone();
            let opening = async {
                let tls = endpoint.handshake(tcp, from).await?;
                endpoint.open(tls, from).await
            };
            let opened = tokio::select! {
                opened = timeout(endpoint.options.deadline, opening) => match opened {
                    Ok(opened) => opened,
                    Err(_) => {
                        info!(%from, "A connection was not opened in time");
                        None
                    }
                },
                () = stop.cancelled() => None,
            };
            if let Some(opened) = opened {
                connection::serve(&endpoint, opened).await;
                endpoint.broker.tidy();
            }
            drop(place);
        });
    }

    async fn handshake(&self, tcp: TcpStream, from: SocketAddr) -> Option<TlsStream<TcpStream>> {
        if let Err(error) = tcp.set_nodelay(true) {
            debug!(%from, %error, "TCP_NODELAY could not be set");
        }
        match TlsAcceptor::from(self.options.tls.clone())
            .accept(tcp)
            .into_fallible()
            .await
        {
            Ok(tls) => Some(tls),
            Err((error, tcp)) => {
                info!(%from, %error, "A TLS handshake failed");
                let _ = timeout(ALERT_GRACE, let_read(tcp)).await;
                None
            }
        }
    }

    async fn open(&self, tls: TlsStream<TcpStream>, from: SocketAddr) -> Option<Opened> {
        let certificate = tls
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(|leaf| leaf.to_vec());
        let admitted = match certificate {
            Some(certificate) => self.gatekeeper.admit(&certificate),
            // The TLS configuration should not let this happen.
            None => Err(Fault::new(Code::ChannelRefused, "no client certificate was presented")),
        };
        let cut = CancellationToken::new();
        let idle = self.options.idle_timeout;
        let stream = Guarded::new(tls, cut.clone(), idle).watching_for_silence(idle);
        connection::open(&self.options, stream, cut, admitted, from).await
    }
}

/// Ends the connection so that the peer can read what was sent: closing with unread input would reset it.
async fn let_read(mut tcp: TcpStream) {
    if tcp.shutdown().await.is_ok() {
        let mut rest = [0; 1024];
        while matches!(tcp.read(&mut rest).await, Ok(n) if n > 0) {}
    }
}

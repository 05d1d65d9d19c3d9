//! The HTTPS listener: own TLS, HTTP/1.1 and HTTP/2, limits and deadlines on everything, an orderly end.

use super::Remote;
use axum::Extension;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use sluice_contract::{Code, Fault};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(15);
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_CONNECTIONS: usize = 4096;
/// How long requests that are being answered may go on when the factory stops.
const GRACE: Duration = Duration::from_secs(5);

/// Where to listen.
pub(crate) struct ServerOptions {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Arc<ServerConfig>,
}

/// A bound listener that does not serve yet: its port has to be known before the factory is put together.
pub(crate) struct Server {
    listener: TcpListener,
    tls: TlsAcceptor,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// `SL1006` when the address is taken.
    pub(crate) async fn bind(options: ServerOptions) -> Result<Self, Fault> {
        let listener = TcpListener::bind(options.listen).await.map_err(|e| {
            let code = match e.kind() {
                std::io::ErrorKind::AddrInUse => Code::PortInUse,
                _ => Code::Usage,
            };
            Fault::new(code, format!("REST cannot listen on {}: {e}", options.listen))
        })?;
        Ok(Self {
            listener,
            tls: TlsAcceptor::from(options.tls),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Where it listens, with the real port.
    ///
    /// # Errors
    /// `SL9002`.
    pub(crate) fn address(&self) -> Result<SocketAddr, Fault> {
        self.listener
            .local_addr()
            .map_err(|e| Fault::new(Code::Internal, e.to_string()))
    }

    /// Serves until [`Serving::shutdown`].
    pub(crate) fn serve(self, router: axum::Router) -> Serving {
        let (stop, tasks) = (self.stop.clone(), self.tasks.clone());
        self.tasks.clone().spawn(async move {
            let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
            loop {
                let Ok(place) = places.clone().acquire_owned().await else {
                    return;
                };
                let accepted = tokio::select! {
                    accepted = self.listener.accept() => accepted,
                    () = self.stop.cancelled() => return,
                };
                match accepted {
                    Ok((stream, remote)) => {
                        let connection =
                            connection(self.tls.clone(), stream, remote, router.clone(), self.stop.clone());
                        self.tasks.spawn(async move {
                            connection.await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        // Out of descriptors, most likely: waiting gives others the time to end.
                        tracing::warn!(%error, "A connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Serving { stop, tasks }
    }
}

/// A running server.
pub(crate) struct Serving {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Serving {
    /// Accepts nothing more, lets requests end for a few seconds, then closes.
    pub(crate) async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(GRACE * 2, self.tasks.wait()).await.is_err() {
            tracing::warn!("Some connections did not end in time");
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn connection(
    tls: TlsAcceptor,
    stream: TcpStream,
    remote: SocketAddr,
    router: axum::Router,
    stop: CancellationToken,
) {
    // Answers are small; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%remote, %error, "A TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::debug!(%remote, "A TLS handshake took too long");
            return;
        }
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES * 2);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .max_concurrent_streams(100)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let service = TowerToHyperService::new(router.layer(Extension(Remote(remote))));
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%remote, %error, "A connection ended with an error");
            }
            return;
        }
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(GRACE, connection).await;
}

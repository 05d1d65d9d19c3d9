//! The HTTPS listener: own TLS, HTTP/1.1 and HTTP/2, limits and deadlines on everything, an orderly end.

use super::Remote;
use actix::{Actor, ActorContext, Handler};
use axum::Extension;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, RestartPolicy, TaskEnded, supervised};
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
    listener: std::net::TcpListener,
    tls: TlsAcceptor,
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
            listener: listener
                .into_std()
                .map_err(|e| Fault::new(Code::Internal, e.to_string()))?,
            tls: TlsAcceptor::from(options.tls),
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
}

/// What [`RestServer`] serves, and where.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) server: Arc<Server>,
    pub(crate) router: axum::Router,
}

/// RestServer: the component that accepts connections. The port stays open while it restarts; connections made
/// meanwhile wait.
pub(crate) struct RestServer;

impl Actor for RestServer {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let (serving, stop) = (ctx.deps().clone(), ctx.cancelled());
        ctx.spawn_task("serve", serve(serving, stop));
    }
}

impl Component for RestServer {
    const NAME: &'static str = "RestServer";
    type Deps = Serving;

    fn create(_: &Serving) -> Self {
        Self
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            // Requests that are being answered get their time.
            shutdown: GRACE * 2,
            ..RestartPolicy::default()
        }
    }
}

supervised!(RestServer);

impl Handler<TaskEnded> for RestServer {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, ctx: &mut Ctx<Self>) {
        // Serving only ends by a failure: start over, by the policy.
        ctx.stop();
    }
}

/// Accepts connections until it is told to stop, then lets requests end for a few seconds.
async fn serve(serving: Serving, stop: CancellationToken) {
    let server = &serving.server;
    let listener = match server.listener.try_clone().and_then(TcpListener::from_std) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "REST cannot be served"),
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Counts the connections, so that the component's stop can wait for them.
    let tasks = TaskTracker::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, remote)) => {
                let (tls, router, stop) = (server.tls.clone(), serving.router.clone(), stop.clone());
                // One task per connection, for the workers to share: it ends with its connection, which has deadlines,
                // and is told by the component's token when that restarts or stops.
                tasks.spawn(async move {
                    connection(tls, stream, remote, router, stop).await;
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
    drop(listener);
    tasks.close();
    if tokio::time::timeout(GRACE * 2, tasks.wait()).await.is_err() {
        tracing::warn!("Some connections did not end in time");
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

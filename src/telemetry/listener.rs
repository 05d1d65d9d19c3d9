//! A plain HTTP listener for Prometheus, if an administrator wants one. It answers `GET /metrics` and nothing else.

use actix::{Actor, ActorContext, Handler};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use clap::Args;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, Placement, Root, TaskEnded, prometheus, supervised};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// More connections than this wait for one to end.
const CONNECTIONS: usize = 16;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);
/// How long a connection may last: a scraper makes a new one.
const LIFE: Duration = Duration::from_secs(60);

/// Where the figures are served.
#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// Address of a plain HTTP listener that serves /metrics for Prometheus; only on this machine unless opened.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Lets --metrics-listen take an address that other machines reach. The figures have no secrets, and no password.
    #[arg(long, requires = "metrics_listen")]
    pub(crate) metrics_open: bool,
}

/// Serves the figures if it was asked for; the address, with the real port.
///
/// # Errors
/// `SL1001` for an address that other machines reach, unless it was opened; `SL1006` when it is taken.
pub(crate) fn listen(args: &ListenArgs, root: &Root) -> Result<Option<SocketAddr>, Fault> {
    let Some(address) = args.metrics_listen else {
        return Ok(None);
    };
    if !address.ip().is_loopback() && !args.metrics_open {
        return Err(Fault::new(
            Code::Usage,
            format!(
                "--metrics-listen {address} can be reached from other machines; take a loopback address such as 127.0.0.1:{}, \
                 or add --metrics-open",
                address.port()
            ),
        ));
    }
    let failed = |e: std::io::Error| {
        let code = match e.kind() {
            std::io::ErrorKind::AddrInUse => Code::PortInUse,
            _ => Code::Usage,
        };
        Fault::new(code, format!("--metrics-listen cannot listen on {address}: {e}"))
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let served = Served {
        listener: Arc::new(listener),
        root: root.clone(),
    };
    root.supervise::<MetricsListener>(MetricsListener::NAME, served, Placement::Shared("telemetry"));
    Ok(Some(address))
}

/// What is served, and where. The port stays open while the component restarts.
#[derive(Clone)]
struct Served {
    listener: Arc<std::net::TcpListener>,
    root: Root,
}

/// The component.
struct MetricsListener;

impl Actor for MetricsListener {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let (served, stop) = (ctx.deps().clone(), ctx.cancelled());
        ctx.spawn_task("serve", async move {
            tokio::select! {
                () = serve(served) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Component for MetricsListener {
    const NAME: &'static str = "MetricsListener";
    type Deps = Served;

    fn create(_: &Served) -> Self {
        Self
    }
}

supervised!(MetricsListener);

impl Handler<TaskEnded> for MetricsListener {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, ctx: &mut Ctx<Self>) {
        // Serving only ends by a failure: start over, by the policy.
        ctx.stop();
    }
}

async fn serve(served: Served) {
    let listener = match served.listener.try_clone().and_then(TcpListener::from_std) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "The figures cannot be served."),
    };
    let router = router(served.root);
    // All in one task: a scraper or two come now and then.
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => connections.push(connection(stream, router.clone())),
                Err(error) => {
                    tracing::warn!(%error, "A connection for the figures could not be accepted.");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(()) = connections.next() => {}
        }
    }
}

fn router(root: Root) -> axum::Router {
    let page =
        move || async move { ([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], root.prometheus()).into_response() };
    axum::Router::new()
        .route("/metrics", get(page))
        .fallback(|| async { (StatusCode::NOT_FOUND, "The figures are at /metrics.\n") })
}

async fn connection(stream: TcpStream, router: axum::Router) {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    let service = TowerToHyperService::new(router);
    let served = tokio::time::timeout(LIFE, builder.serve_connection(TokioIo::new(stream), service)).await;
    if let Ok(Err(error)) = served {
        tracing::debug!(%error, "A connection for the figures ended with an error.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_runtime::{Strategy, TracingEvents, dataplane};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        // An end by reset is one too.
        let _ = read.unwrap_or_else(|_| panic!("the connection did not end after {request:?}"));
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn it_serves_through_a_restart_and_bad_callers() {
        let runtime = dataplane().unwrap();
        runtime.block_on(async {
            let root = Root::start(runtime, Strategy::OneForOne, TracingEvents);
            let args = ListenArgs {
                metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
                metrics_open: false,
            };
            let address = listen(&args, &root).unwrap().unwrap();
            let good = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            assert!(ask(address, good).await.contains("sluice_actor_state{"));
            // Those who say nothing take a place each, and give it back: more than there are places.
            let silent = (0..CONNECTIONS + 4).map(|_| ask(address, "GET /metrics HT"));
            let (_, after) = tokio::join!(futures::future::join_all(silent), ask(address, good));
            assert!(after.starts_with("HTTP/1.1 200"), "{after}");
            for bad in [
                "nonsense\r\n\r\n",
                "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            ] {
                assert!(ask(address, bad).await.starts_with("HTTP/1.1 4"), "{bad:?}");
            }
            assert!(root.restart(MetricsListener::NAME));
            let old = async {
                while root.snapshot()[0].2.incarnation == 1 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                // Connections of the old incarnation are over when it is.
                tokio::time::sleep(Duration::from_millis(100)).await;
            };
            tokio::time::timeout(Duration::from_secs(20), old).await.unwrap();
            let line = "sluice_actor_incarnation{component=\"MetricsListener\"} 2";
            let again = ask(address, good).await;
            assert!(again.contains(line), "{again}");
            let taken = ListenArgs {
                metrics_listen: Some(address),
                metrics_open: false,
            };
            assert_eq!(listen(&taken, &root).unwrap_err().code, Code::PortInUse);
            root.shutdown().await;
        });
    }
}

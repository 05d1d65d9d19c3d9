//! The credential endpoint: a page of the node, over TLS and only on this machine unless an administrator opens it, on
//! which a secret is sealed without leaving the node. Off unless it is asked for; its usual port is 8050.

mod code;
mod guard;
mod page;
mod routes;
pub(crate) mod tls;

use crate::hub::Hub;
use crate::state::{StateDir, read_public};
use actix::{Actor, ActorContext, Handler};
use rustls::ServerConfig;
use serde::Serialize;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, RestartPolicy, TaskEnded, supervised};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// What is served, and where. The port stays open while the component restarts.
#[derive(Clone)]
pub(crate) struct Served {
    hub: Arc<Hub>,
    listener: Arc<std::net::TcpListener>,
    pub(crate) address: SocketAddr,
    tls: Arc<ServerConfig>,
    code: Arc<Zeroizing<String>>,
}

/// What a person needs to use the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointAccess {
    /// The access code.
    pub code: String,
    /// SHA-256 of the endpoint's own TLS certificate, hexadecimal, as browsers show it; empty before its first start.
    pub fingerprint: String,
}

impl Served {
    /// Opens the port. Blocks.
    ///
    /// # Errors
    /// `SL1006` when the port is taken, `SL1001` when the address cannot be listened on, `SL5007` and `SL8006` for the files.
    pub(crate) fn open(hub: &Arc<Hub>, address: SocketAddr) -> Result<Self, Fault> {
        let failed = |e: std::io::Error| {
            let code = match e.kind() {
                std::io::ErrorKind::AddrInUse => Code::PortInUse,
                _ => Code::Usage,
            };
            Fault::new(code, format!("--credentials-listen cannot listen on {address}: {e}"))
        };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener: Arc::new(listener),
            tls: tls::server_config(&hub.state)?,
            code: Arc::new(code::load(&hub.state)?),
            hub: Arc::clone(hub),
        })
    }
}

/// The access code of a node's endpoint, and its certificate's fingerprint. Only who can read the state directory gets them.
///
/// # Errors
/// `SL5007` and `SL8006` for the files.
pub fn access(state_dir: impl AsRef<Path>) -> Result<EndpointAccess, Fault> {
    let state = StateDir::at(state_dir.as_ref());
    let pem = read_public(&state.path().join("endpoint.pem"))?.unwrap_or_default();
    let fingerprint = match x509_parser::pem::parse_x509_pem(pem.as_bytes()) {
        Ok((_, block)) => {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &block.contents);
            let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
            pairs.join(":")
        }
        Err(_) => String::new(),
    };
    Ok(EndpointAccess {
        code: code::load(&state)?.to_string(),
        fingerprint,
    })
}

/// The component.
pub(crate) struct CredentialEndpoint;

impl Actor for CredentialEndpoint {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (served, stop) = (ctx.deps().clone(), ctx.cancelled());
        ctx.spawn_task("serve", async move {
            let listener = match served.listener.try_clone().and_then(TcpListener::from_std) {
                Ok(listener) => listener,
                Err(error) => return tracing::error!(%error, "The credential endpoint cannot be served."),
            };
            let listener = tls::TlsListener::new(listener, Arc::clone(&served.tls));
            let router = routes::router(served);
            if let Err(error) = axum::serve(listener, router)
                .with_graceful_shutdown(stop.cancelled_owned())
                .await
            {
                tracing::error!(%error, "The credential endpoint ended.");
            }
        });
    }
}

impl Component for CredentialEndpoint {
    const NAME: &'static str = "CredentialEndpoint";
    type Deps = Served;

    fn create(_: &Served) -> Self {
        Self
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            shutdown: Duration::from_secs(2),
            ..RestartPolicy::default()
        }
    }
}

supervised!(CredentialEndpoint);

impl Handler<TaskEnded> for CredentialEndpoint {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, ctx: &mut Self::Context) {
        // Serving only ends by a failure: start over, by the policy.
        ctx.stop();
    }
}

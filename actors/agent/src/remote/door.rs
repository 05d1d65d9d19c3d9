//! The machine that is registered: open for some minutes, for one registration, for those who have the code.

use super::exact::shown;
use super::{Order, PATH};
use crate::endpoint::tls::{TlsListener, server_config};
use crate::identity::{Identity, RegisterOptions, Registered, register};
use crate::state::{StateDir, read_public};
use crate::vault::Passphrase;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use sluice_contract::enrol::RegistrationKey;
use sluice_contract::{Code, Fault};
use sluice_seal::KeyKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as Cell, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// A wrong code costs this much time, and nobody else is heard meanwhile.
const WRONG: Duration = Duration::from_secs(1);
/// After so many wrong codes the door is closed.
const TRIES: u32 = 5;
/// A key and a code are shorter.
const MAX_BODY: usize = 16 * 1024;
/// So long the answer to the registration may take to get through.
const GOODBYE: Duration = Duration::from_secs(5);

/// How a machine is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where the node's state will be.
    pub state_dir: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// For how long.
    pub patience: Duration,
    /// The node's name, where who sends the key names none.
    pub name: String,
    /// The kind of the gateway's credential key, where this node makes it.
    pub key_kind: KeyKind,
    /// What the credential key is encrypted with, where it is not the vault's own.
    pub passphrase: Option<Passphrase>,
}

/// A machine that is open, and not served yet.
pub struct Door {
    options: OpenOptions,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    code: Zeroizing<String>,
    /// Where it listens, with the real port.
    pub address: SocketAddr,
    /// SHA-256 of its certificate: what the other side expects.
    pub fingerprint: String,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

struct Served {
    options: OpenOptions,
    code: Zeroizing<String>,
    /// Wrong codes so far. Held while a request is dealt with: one after the other.
    wrong: Mutex<u32>,
    outcome: Cell<Option<Result<Registered, Fault>>>,
    done: CancellationToken,
}

impl Door {
    /// Opens the port of a machine that has no node.
    ///
    /// # Errors
    /// `SL2004` when it has one, `SL1006` when the port is taken, `SL1001` when the address cannot be listened on, `SL5007` and
    /// `SL8006` for files.
    pub async fn open(options: OpenOptions) -> Result<Self, Fault> {
        let path = options.state_dir.clone();
        let (tls, fingerprint) = blocking(move || {
            let state = StateDir::create(&path)?;
            if Identity::exists(&state) {
                let text = format!("{} holds a registered node", path.display());
                return Err(Fault::new(Code::AlreadyRegistered, text));
            }
            let tls = server_config(&state)?;
            let pem = read_public(&state.path().join("endpoint.pem"))?.unwrap_or_default();
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
                .map_err(|_| Fault::new(Code::NodeStateFailed, "endpoint.pem holds no certificate"))?;
            Ok((tls, shown(&certificate)))
        })
        .await?;
        let failed = |e: std::io::Error| {
            let code = match e.kind() {
                std::io::ErrorKind::AddrInUse => Code::PortInUse,
                _ => Code::Usage,
            };
            Fault::new(code, format!("--listen cannot listen on {}: {e}", options.listen))
        };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let mut bytes = [0; 15];
        rand::fill(&mut bytes).map_err(|_| Fault::new(Code::Internal, "the random generator failed"))?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener,
            tls,
            code: Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes)),
            fingerprint,
            options,
        })
    }

    /// The one-time code, for the one who opened the door.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Waits for a registration.
    ///
    /// # Errors
    /// `SL5034` when the time is over, or too many wrong codes came.
    pub async fn serve(self) -> Result<Registered, Fault> {
        let Self {
            options,
            listener,
            tls,
            code,
            address,
            ..
        } = self;
        let patience = options.patience;
        let minutes = patience.as_secs() / 60;
        tracing::warn!(%address, minutes, "This machine takes a registration from outside, until then or the first one.");
        let done = CancellationToken::new();
        let served = Arc::new(Served {
            options,
            code,
            wrong: Mutex::new(0),
            outcome: Cell::default(),
            done: done.clone(),
        });
        let router = Router::new()
            .route(PATH, post(take))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&served))
            .into_make_service_with_connect_info::<Peer>();
        let serving = axum::serve(TlsListener::new(listener, tls), router);
        let ending = serving.with_graceful_shutdown(done.clone().cancelled_owned());
        let closing = async {
            if tokio::time::timeout(patience, done.cancelled()).await.is_err() {
                // A registration that is under way gets through.
                let _turn = served.wrong.lock().await;
                done.cancel();
            }
            tokio::time::sleep(GOODBYE).await;
        };
        tokio::select! {
            ended = ending.into_future() => ended.map_err(|e| Fault::new(Code::Internal, format!("serving ended: {e}")))?,
            () = closing => {}
        }
        let outcome = served.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or_else(|| {
            tracing::warn!("This machine takes no registration from outside any more: its time is over.");
            Err(Fault::new(
                Code::RemoteRefused,
                "nobody registered this machine in time",
            ))
        })
    }
}

/// Who connected.
#[derive(Clone, Copy, Debug)]
struct Peer(SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn take(
    State(served): State<Arc<Served>>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // One after the other: so codes cannot be tried side by side, and one registration is all there is.
    let mut wrong = served.wrong.lock().await;
    if served.done.is_cancelled() {
        return refused(&closed());
    }
    // The log says who asked and what came of it; never the key or the code.
    match decide(&served, &mut wrong, &headers, &body).await {
        Ok(registered) => {
            tracing::warn!(%from, gateway = registered.gateway_name, node = registered.node_name, "This machine was registered from outside.");
            let answer = Json(&registered).into_response();
            end(&served, Ok(registered));
            answer
        }
        Err(fault) => {
            tracing::warn!(%from, %fault, "A registration from outside was refused.");
            if *wrong >= TRIES {
                tracing::warn!("This machine takes no registration from outside any more: too many wrong codes came.");
                let text = format!("{TRIES} wrong codes came; open it again");
                end(&served, Err(Fault::new(Code::RemoteRefused, text)));
            }
            refused(&fault)
        }
    }
}

async fn decide(served: &Served, wrong: &mut u32, headers: &HeaderMap, body: &[u8]) -> Result<Registered, Fault> {
    let no = |why: &str| Fault::new(Code::RemoteRefused, why);
    // No page of a browser is to try codes.
    if headers.contains_key(header::ORIGIN) {
        return Err(no("the request comes from a page"));
    }
    // The text of the error could quote the key.
    let order: Order = serde_json::from_slice(body).map_err(|_| no("the request is not understood"))?;
    if verify_slices_are_equal(served.code.as_bytes(), order.code.trim().as_bytes()).is_err() {
        *wrong += 1;
        tokio::time::sleep(WRONG).await;
        return Err(no("the one-time code is not the right one"));
    }
    let options = &served.options;
    let name = order.name.clone().filter(|name| !name.trim().is_empty());
    register(RegisterOptions {
        state_dir: options.state_dir.clone(),
        key: RegistrationKey::parse(&order.key)?,
        node_name: name.unwrap_or_else(|| options.name.clone()),
        replace: false,
        key_kind: options.key_kind,
        passphrase: options.passphrase.clone(),
        await_approval: order.await_approval,
    })
    .await
}

fn end(served: &Served, outcome: Result<Registered, Fault>) {
    *served.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    served.done.cancel();
}

fn closed() -> Fault {
    Fault::new(Code::RemoteRefused, "it is closed")
}

fn refused(fault: &Fault) -> Response {
    let status = match fault.code {
        Code::RemoteRefused => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({ "error": { "code": fault.code, "message": fault.message } });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("opening the machine failed: {e}"))))
}

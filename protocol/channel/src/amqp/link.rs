//! The connection, with one session per link.

use super::AmqpOptions;
use super::inbox::AmqpInbox;
use super::outbox::AmqpOutbox;
use crate::stream::Guarded;
use crate::wire::{self, MAX_FRAME, late};
use crate::{Address, Inbox, Link, Outbox};
use async_trait::async_trait;
use fe2o3_amqp::Session;
use fe2o3_amqp::connection::{Connection, ConnectionHandle};
use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::session::SessionHandle;
use sluice_contract::{Code, Fault};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The highest channel number we ask for.
const CHANNEL_MAX: u16 = 31;
/// How long the reason for an error is waited for, where it arrives beside the error.
const REASON: Duration = Duration::from_millis(500);

/// A link's session: the link keeps it, the connection ends it.
pub(super) type Shared = Arc<Mutex<SessionHandle<()>>>;

pub(super) struct AmqpLink {
    connection: ConnectionHandle<()>,
    /// The session that proved the connection to be accepted; the first link gets it.
    spare: Option<SessionHandle<()>>,
    deadline: Duration,
    links: u64,
    sessions: Vec<Weak<Mutex<SessionHandle<()>>>>,
    reason: Option<Fault>,
    /// Cancelled when the connection is no more.
    gone: CancellationToken,
    /// Cuts the stream when the link is dropped, whatever the engine is waiting for.
    cut: DropGuard,
}

/// One try to connect, within the deadline.
pub(super) async fn connect(options: &AmqpOptions) -> Result<AmqpLink, Fault> {
    let what = format!("connecting to {}", options.endpoint);
    match timeout(options.deadline, open(options)).await {
        Ok(opened) => opened.map_err(|fault| fault.context(&what)),
        Err(_) => Err(Fault::new(
            Code::ChannelUnreachable,
            format!("{what} took longer than {:?}", options.deadline),
        )),
    }
}

async fn open(options: &AmqpOptions) -> Result<AmqpLink, Fault> {
    let (host, port) = place(&options.endpoint)?;
    let tcp = options.network.tunnel(host, port).await.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(|e| wire::opening_io(&e))?;
    let cut = CancellationToken::new();
    let gone = CancellationToken::new();
    let stream = Guarded::new(tcp, cut.clone(), options.idle_timeout).announcing_its_end(gone.clone());
    let cut = cut.drop_guard();
    let idle = u32::try_from(options.idle_timeout.as_millis())
        .unwrap_or(u32::MAX)
        .max(2);
    let connection = Connection::builder()
        .container_id(options.peer.node.as_str())
        .scheme("amqps")
        .domain(host)
        .hostname(host)
        .alt_tls_establishment(true)
        .tls_connector(TlsConnector::from(options.tls.clone()))
        .sasl_profile(SaslProfile::External)
        .idle_time_out(idle)
        .max_frame_size(MAX_FRAME)
        .channel_max(CHANNEL_MAX)
        .open_with_stream(stream)
        .await
        .map_err(|e| wire::open(&e))?;
    let mut link = AmqpLink {
        connection,
        spare: None,
        deadline: options.deadline,
        links: 0,
        sessions: Vec::new(),
        reason: None,
        gone,
        cut,
    };
    // A refusal comes as a Close behind the Open, so the connection counts once a session stands.
    link.spare = Some(link.begin().await?);
    Ok(link)
}

/// That there is no connection; what a proxy says of it keeps its own code.
pub(crate) fn unreachable(fault: Fault) -> Fault {
    match fault.code {
        Code::StoreUnreachable => Fault::new(Code::ChannelUnreachable, fault.message),
        _ => fault,
    }
}

/// Host and port in `host:port`, without an IPv6 address' brackets.
fn place(endpoint: &str) -> Result<(&str, u16), Fault> {
    let (host, port) = endpoint.rsplit_once(':').unwrap_or((endpoint, ""));
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match port.parse() {
        Ok(port) if !host.is_empty() => Ok((host, port)),
        _ => {
            let text = format!("{endpoint:?} is not of the form host:port");
            Err(Fault::new(Code::ChannelUnreachable, text).retryable(false))
        }
    }
}

impl AmqpLink {
    async fn begin(&mut self) -> Result<SessionHandle<()>, Fault> {
        match timeout(self.deadline, Session::begin(&mut self.connection)).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => {
                let fault = wire::begin(&error);
                Err(self.explain(fault).await)
            }
            Err(_) => Err(late("beginning a session", self.deadline)),
        }
    }

    async fn session(&mut self) -> Result<SessionHandle<()>, Fault> {
        match self.spare.take() {
            Some(session) => Ok(session),
            None => self.begin().await,
        }
    }

    /// Link names are unique within the node, as the specification asks.
    fn name(&mut self, address: &Address) -> String {
        self.links += 1;
        format!("{address}#{}", self.links)
    }

    fn remember(&mut self, session: Weak<Mutex<SessionHandle<()>>>) {
        self.sessions.retain(|session| session.strong_count() > 0);
        self.sessions.push(session);
    }

    /// Ends the sessions, and with them writes what their links have still to write: a Close of the connection would go
    /// ahead of it.
    async fn end_sessions(&mut self) {
        for session in self.sessions.drain(..).filter_map(|session| session.upgrade()) {
            let _ = session.lock().await.end().await;
        }
    }

    /// The connection's own reason, where an error beside it says only that the connection ended.
    async fn explain(&mut self, fault: Fault) -> Fault {
        if fault.code != Code::ChannelLost {
            return fault;
        }
        timeout(REASON, self.closed()).await.unwrap_or(fault)
    }
}

#[async_trait]
impl Link for AmqpLink {
    async fn consume(&mut self, address: &Address, credit: u32) -> Result<Box<dyn Inbox>, Fault> {
        address.check()?;
        let session = self.session().await?;
        let name = self.name(address);
        match AmqpInbox::attach(session, name, address, credit, self.deadline).await {
            Ok(inbox) => {
                self.remember(inbox.session());
                Ok(Box::new(inbox))
            }
            Err(fault) => Err(self.explain(fault).await.context(format!("receiving from {address}"))),
        }
    }

    async fn publisher(&mut self, address: &Address) -> Result<Box<dyn Outbox>, Fault> {
        address.check()?;
        let session = self.session().await?;
        let name = self.name(address);
        match AmqpOutbox::attach(session, name, address, self.deadline, self.gone.clone()).await {
            Ok(outbox) => {
                self.remember(outbox.session());
                Ok(Box::new(outbox))
            }
            Err(fault) => Err(self.explain(fault).await.context(format!("sending to {address}"))),
        }
    }

    async fn closed(&mut self) -> Fault {
        if let Some(reason) = &self.reason {
            return reason.clone();
        }
        let reason = match self.connection.on_close().await {
            Ok(()) => wire::lost("the connection was closed"),
            Err(error) => wire::closed(&error),
        };
        self.reason.insert(reason).clone()
    }

    async fn close(mut self: Box<Self>, grace: Duration) {
        let limit = grace.min(self.deadline);
        let orderly = async {
            self.end_sessions().await;
            self.spare = None;
            let _ = self.connection.close().await;
        };
        if timeout(limit, orderly).await.is_err() {
            tracing::debug!(?limit, "The control channel was not closed in time and is cut");
        }
        drop(self.cut);
    }
}

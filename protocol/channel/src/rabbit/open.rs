//! One try to connect: TCP, TLS, and the broker's handshake, all within the deadline.

use super::kit::{self, Stream};
use super::{RabbitOptions, wire};
use crate::stream::Guarded;
use futures::StreamExt;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Event};
use rustls::pki_types::ServerName;
use sluice_contract::{Code, Fault};
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long the reason of an end is waited for, where it arrives beside the end.
const REASON: Duration = Duration::from_millis(500);

/// How a connection ends: whoever notices says so here, and everybody who uses it hears of it.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Cancelled when the connection is no more.
    pub(super) gone: CancellationToken,
    /// Cancelling it cuts the stream.
    cut: CancellationToken,
    reason: Arc<OnceLock<Fault>>,
}

impl End {
    fn new() -> Self {
        Self {
            gone: CancellationToken::new(),
            cut: CancellationToken::new(),
            reason: Arc::default(),
        }
    }

    /// Ends the connection; the first reason counts.
    pub(super) fn because(&self, fault: Fault) {
        let _ = self.reason.set(fault);
        self.cut.cancel();
        self.gone.cancel();
    }

    /// Why it ended, as far as it is known now.
    pub(super) fn known(&self) -> Fault {
        let unknown = || Fault::new(Code::ChannelLost, "the connection to the broker broke or was closed");
        self.reason.get().cloned().unwrap_or_else(unknown)
    }

    /// Resolves when it has ended, with the reason.
    pub(super) async fn reason(&self) -> Fault {
        self.gone.cancelled().await;
        if self.reason.get().is_none() {
            tokio::time::sleep(REASON).await;
        }
        self.known()
    }
}

/// A connection that stands.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) end: End,
    /// Cuts the stream when it is dropped, whatever the library is waiting for.
    pub(super) cut: DropGuard,
}

pub(super) async fn open(options: &RabbitOptions) -> Result<Opened, Fault> {
    let what = format!("connecting to the broker {}", options.address.endpoint());
    match timeout(options.deadline, attempt(options)).await {
        Ok(opened) => opened.map_err(|fault| fault.context(&what)),
        Err(_) => Err(Fault::new(
            Code::ChannelUnreachable,
            format!("{what} took longer than {:?}", options.deadline),
        )),
    }
}

async fn attempt(options: &RabbitOptions) -> Result<Opened, Fault> {
    let end = End::new();
    let cut = end.cut.clone().drop_guard();
    let stream = stream(options, &end).await?;
    // The library asks for the stream once; it must not connect by itself.
    let slot = Mutex::new(Some(stream));
    let hand_over = async move |_, _| {
        let stream = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream
            .map(AsyncTcpStream::Plain)
            .ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionAborted).into())
    };
    let heartbeat = u16::try_from(options.idle_timeout.as_secs() / 2)
        .unwrap_or(u16::MAX)
        .max(1);
    let name = format!("sluice {}", super::link::name_of(options));
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let uri = options.address.uri(&options.password, heartbeat);
    let connection = Connection::connector(uri, kit::current(), hand_over, properties)
        .await
        .map_err(|e| wire::opening(&e))?;
    let (watched, mut events) = (end.clone(), connection.events_listener());
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = watched.gone.cancelled() => return,
            };
            match event {
                Some(Event::Error(error)) => watched.because(wire::lost(&error)),
                Some(Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "The broker takes no messages for now");
                }
                Some(Event::ConnectionUnblocked) => tracing::info!("The broker takes messages again"),
                Some(_) => {}
                None => return,
            }
        }
    });
    Ok(Opened { connection, end, cut })
}

async fn stream(options: &RabbitOptions, end: &End) -> Result<Stream, Fault> {
    let unreachable = |e: &dyn std::fmt::Display| Fault::new(Code::ChannelUnreachable, e.to_string());
    let address = &options.address;
    // What is not encrypted is not for a proxy.
    let connected = match address.tls {
        true => options.network.tunnel(&address.host, address.port).await,
        false => options.network.connect(&address.host, address.port).await,
    };
    let tcp = connected.map_err(crate::amqp::unreachable)?;
    tcp.set_nodelay(true).map_err(|e| unreachable(&e))?;
    let guarded = Guarded::new(tcp, end.cut.clone(), options.idle_timeout).announcing_its_end(end.gone.clone());
    if !options.address.tls {
        return Ok(Stream::new(guarded));
    }
    let name = ServerName::try_from(options.address.host.clone()).map_err(|_| {
        Fault::new(
            Code::BrokerAddressInvalid,
            "the broker's host is no name that TLS knows",
        )
    })?;
    let tls = TlsConnector::from(options.tls.clone())
        .connect(name, guarded)
        .await
        .map_err(|e| unreachable(&e))?;
    Ok(Stream::new(tls))
}

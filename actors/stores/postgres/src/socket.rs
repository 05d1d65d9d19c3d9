//! The socket under a session, inside TLS where the mode asks for it.

use crate::settings::{CONNECT_TIMEOUT, Settings, SslMode};
use sluice_contract::{Code, Fault};
use sluice_store_wire::tls::Tls;
use socket2::{SockRef, TcpKeepalive};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// Asks the server for TLS: a length of 8, and the protocol's number for this.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A connected socket.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is no connection.
pub(crate) struct ConnectFailed {
    /// In the TLS handshake, not before or behind it.
    pub(crate) tls: bool,
    pub(crate) fault: Fault,
}

impl Socket {
    /// Connects to the server and makes the TLS handshake, within the time that a connection may take.
    pub(crate) async fn connect(settings: &Settings, tls: &Tls) -> Result<Self, ConnectFailed> {
        let place = format!("{}:{}", settings.host, settings.port);
        if settings.host.starts_with('/') {
            if !matches!(settings.ssl, SslMode::Disable | SslMode::Prefer) {
                let text = format!("connecting to {place}: a unix socket has no TLS, which sslMode demands");
                return Err(handshake(text));
            }
            let path = format!("{}/.s.PGSQL.{}", settings.host, settings.port);
            return within(&place, UnixStream::connect(path)).await.map(Self::Unix);
        }
        let found = tokio::time::timeout(
            CONNECT_TIMEOUT,
            settings.network.addresses(&settings.host, settings.port),
        );
        let found = found.await.unwrap_or_else(|_| Err(unresolved()));
        let addresses = found.map_err(|fault| ConnectFailed {
            tls: false,
            fault: fault.context(format!("connecting to {place}")),
        })?;
        let stream = within(&place, TcpStream::connect(addresses.as_slice())).await?;
        tune(&stream).map_err(|error| unreachable(&place, &error))?;
        if settings.ssl == SslMode::Disable {
            return Ok(Self::Tcp(stream));
        }
        let (stream, offered) = within(&place, offered(stream)).await?;
        if !offered {
            return match settings.ssl {
                SslMode::Prefer => Ok(Self::Tcp(stream)),
                _ => Err(handshake(format!(
                    "connecting to {place}: the server does not support TLS, which sslMode demands"
                ))),
            };
        }
        let secured = tokio::time::timeout(CONNECT_TIMEOUT, tls.handshake(&settings.host, stream));
        match secured.await {
            Ok(Ok(stream)) => Ok(Self::Tls(Box::new(stream))),
            Ok(Err(why)) => Err(handshake(format!(
                "connecting to {place}: error performing TLS handshake: {why}"
            ))),
            Err(_) => Err(handshake(format!(
                "connecting to {place}: no answer to the TLS handshake within {} s",
                CONNECT_TIMEOUT.as_secs()
            ))),
        }
    }
}

async fn offered(mut stream: TcpStream) -> io::Result<(TcpStream, bool)> {
    stream.write_all(&SSL_REQUEST).await?;
    let answer = stream.read_u8().await?;
    Ok((stream, answer == b'S'))
}

/// A peer that vanished without a word is noticed within a minute, whatever is being waited for.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

async fn within<T>(place: &str, work: impl Future<Output = io::Result<T>>) -> Result<T, ConnectFailed> {
    let timed = tokio::time::timeout(CONNECT_TIMEOUT, work).await;
    let result = timed.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    });
    result.map_err(|error| unreachable(place, &error))
}

fn unresolved() -> Fault {
    Fault::new(Code::StoreUnreachable, "its name was not resolved in time")
}

fn unreachable(place: &str, error: &io::Error) -> ConnectFailed {
    ConnectFailed {
        tls: false,
        fault: Fault::new(Code::StoreUnreachable, format!("connecting to {place}: {error}")),
    }
}

fn handshake(text: String) -> ConnectFailed {
    ConnectFailed {
        tls: true,
        fault: Fault::new(Code::TlsFailed, text),
    }
}

/// Runs the same expression on whatever the socket is.
macro_rules! each {
    ($socket:expr, $stream:ident => $body:expr) => {
        match $socket.get_mut() {
            Socket::Tcp($stream) => $body,
            Socket::Unix($stream) => $body,
            Socket::Tls($stream) => $body,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

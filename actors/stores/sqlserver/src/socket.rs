//! A socket that counts what goes through it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// Received.
    pub(crate) read: Arc<AtomicU64>,
    /// Sent.
    pub(crate) written: Arc<AtomicU64>,
}

/// A TCP stream and its traffic.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    traffic: Traffic,
}

impl Socket {
    /// Takes a connected stream.
    ///
    /// # Errors
    /// When its options cannot be set.
    pub(crate) fn new(tcp: TcpStream, traffic: Traffic) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        // A peer that vanished without a word is noticed within a minute, whatever is being waited for.
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(Duration::from_secs(30))
            .with_interval(Duration::from_secs(10))
            .with_retries(3);
        socket2::SockRef::from(&tcp).set_tcp_keepalive(&keepalive)?;
        Ok(Self { tcp, traffic })
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buf);
        let count = (buf.filled().len() - before) as u64;
        self.traffic.read.fetch_add(count, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = &polled {
            self.traffic.written.fetch_add(*count as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

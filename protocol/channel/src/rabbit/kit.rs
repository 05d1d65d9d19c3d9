//! What the AMQP library runs on: our tokio runtime, and a stream that was connected and encrypted here. The library drives
//! its connection from a thread of its own; timers in the stream need the runtime entered for that.

use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use async_rs::{Runtime, Tokio};
use futures::Stream as Items;
use futures::io::{AsyncRead, AsyncWrite};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::ReadBuf;
use tokio::runtime::Handle;

/// The runtime of this process, for the library.
#[derive(Clone, Debug)]
pub(super) struct Kit(Tokio);

/// The current runtime. Must be called on it.
pub(super) fn current() -> Runtime<Kit> {
    Runtime::new(Kit(Tokio::current()))
}

impl RuntimeKit for Kit {}

impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, f: F) -> T {
        self.0.block_on(f)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(&self, f: F) -> Task<Self::Task<T>> {
        self.0.spawn(f)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(&self, f: F) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(f)
    }
}

fn not_here() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "connections are opened by the channel itself",
    )
}

impl Reactor for Kit {
    type TcpStream = Stream;
    type Sleep = tokio::time::Sleep;

    fn register<H: io::Read + io::Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Stream, _>(not_here())
    }

    fn sleep(&self, dur: Duration) -> Self::Sleep {
        self.0.sleep(dur)
    }

    fn interval(&self, dur: Duration) -> impl Items<Item = Instant> + Send + 'static {
        self.0.interval(dur)
    }

    fn tcp_connect_addr(&self, _: SocketAddr) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        std::future::ready(Err(not_here()))
    }
}

/// Any byte stream of tokio.
trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Io for S {}

/// A connected stream, for the library.
pub(super) struct Stream {
    inner: Box<dyn Io>,
    runtime: Handle,
}

impl Stream {
    /// Must be called on the runtime.
    pub(super) fn new(inner: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            runtime: Handle::current(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let _entered = this.runtime.enter();
        let mut read = ReadBuf::new(buf);
        ready!(tokio::io::AsyncRead::poll_read(
            Pin::new(&mut *this.inner),
            cx,
            &mut read
        ))?;
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let _entered = this.runtime.enter();
        tokio::io::AsyncWrite::poll_write(Pin::new(&mut *this.inner), cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let _entered = this.runtime.enter();
        tokio::io::AsyncWrite::poll_flush(Pin::new(&mut *this.inner), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let _entered = this.runtime.enter();
        tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut *this.inner), cx)
    }
}

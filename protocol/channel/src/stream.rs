//! The byte stream under a connection, with what the AMQP engine lacks: it can be cut at once from outside, a write that
//! makes no progress fails instead of waiting for TCP (the engine sees no idle timeout while it writes), and on the
//! accepting side the idle timeout is kept here.
//!
//! The engine enforces exactly the idle timeout that it advertises, and peers of the same engine send at exactly that
//! interval, so that healthy idle connections are dropped now and then. The accepting side therefore advertises half of its
//! timeout, and this stream feeds the engine an empty frame when half of that half was silent and gives up itself when
//! the whole timeout was.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// An AMQP frame with no body: size 8, data offset 2, type AMQP, channel 0.
const EMPTY_FRAME: [u8; 8] = [0, 0, 0, 8, 2, 0, 0, 0];

/// A stream that can be cut, does not hang in writes and, where asked, watches for silence.
pub(crate) struct Guarded<S> {
    inner: S,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    silence: Option<Silence>,
    _gone: Option<DropGuard>,
}

struct Silence {
    timeout: Duration,
    heard: Instant,
    tick: Pin<Box<Sleep>>,
    boundary: Boundary,
}

impl<S> Guarded<S> {
    /// Guards a stream: `cut` ends it, and a write without progress for `stall` fails.
    pub(crate) fn new(inner: S, cut: CancellationToken, stall: Duration) -> Self {
        Self {
            inner,
            cut: Box::pin(cut.cancelled_owned()),
            stall,
            stalled: None,
            silence: None,
            _gone: None,
        }
    }

    /// Also cancels `gone` when the engine lets go of the stream, however that comes about. The engine does not tell a send
    /// that waits for its settlement when the connection ends.
    pub(crate) fn announcing_its_end(mut self, gone: CancellationToken) -> Self {
        self._gone = Some(gone.drop_guard());
        self
    }

    /// Also fails reads when nothing was heard for `timeout`, and keeps the engine's own shorter timer quiet until then.
    pub(crate) fn watching_for_silence(mut self, timeout: Duration) -> Self {
        let now = Instant::now();
        self.silence = Some(Silence {
            timeout,
            heard: now,
            tick: Box::pin(sleep_until(now + timeout / 4)),
            boundary: Boundary::default(),
        });
        self
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the connection was cut",
            )),
            Poll::Pending => Ok(()),
        }
    }

    fn guard_write<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let stall = self.stall;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + stall)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the other side takes no data",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Silence {
    /// After a read that gave nothing: an error when the silence is too long, an empty frame when the engine needs one.
    fn poll(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.tick.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let end = self.heard + self.timeout;
            if now >= end {
                let text = format!("nothing was heard for {:?}", self.timeout);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
            }
            self.tick.as_mut().reset((now + self.timeout / 4).min(end));
            if self.boundary.at_frame() && buf.remaining() >= EMPTY_FRAME.len() {
                buf.put_slice(&EMPTY_FRAME);
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_cut(cx)?;
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if let (Ok(()), Some(silence)) = (&result, &mut this.silence) {
                    silence.heard = Instant::now();
                    silence.boundary.feed(&buf.filled()[before..]);
                }
                Poll::Ready(result)
            }
            Poll::Pending => match &mut this.silence {
                Some(silence) => silence.poll(cx, buf),
                None => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.poll_cut(cx)?;
        let result = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.guard_write(cx, result)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_cut(cx)?;
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.guard_write(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_cut(cx)?;
        let result = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.guard_write(cx, result)
    }
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

/// Follows the frames in the bytes read, to know where one ends.
///
/// A protocol header (`AMQP`, protocol, version) is eight bytes, as is the head of every frame. An empty frame is welcome
/// from the end of the first frame behind the AMQP header (the Open) on, and not before.
#[derive(Debug, Default)]
struct Boundary {
    head: [u8; 8],
    have: usize,
    rest: usize,
    amqp: bool,
    opened: bool,
}

impl Boundary {
    /// Whether everything read so far ended with a frame of the open connection.
    fn at_frame(&self) -> bool {
        self.opened && self.have == 0 && self.rest == 0
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
                self.opened |= self.amqp && self.rest == 0;
                continue;
            }
            let taken = (self.head.len() - self.have).min(bytes.len());
            self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == self.head.len() {
                self.have = 0;
                self.end_of_head();
            }
        }
    }

    fn end_of_head(&mut self) {
        let [a, b, c, d, protocol, ..] = self.head;
        if [a, b, c, d] == *b"AMQP" {
            self.amqp = protocol == 0;
            return;
        }
        // A size below 8 is a framing error, which the engine reports.
        self.rest = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(self.head.len());
        self.opened |= self.amqp && self.rest == 0;
    }
}

#[cfg(test)]
mod tests;

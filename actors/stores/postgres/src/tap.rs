//! The data of a COPY, taken out of the stream of messages before the driver sees them.
//!
//! The driver hands every row over as a message of its own, through a queue between two tasks: for tables of short rows that
//! costs more than decoding them. The tap lies between socket and driver, knows the borders of messages, and lets everything
//! pass but `CopyData`: that goes to the reader in large pieces, as it came from the server. The driver sees a COPY without rows.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_util::io::poll_read_buf;
use tokio_util::sync::PollSender;

/// Data are handed on when there is as much.
const PIECE: usize = 256 * 1024;
/// Room for one read: of data, and of anything else.
const READ: (usize, usize) = (64 * 1024, 8 * 1024);
/// Pieces that wait for the reader.
const WAITING: usize = 2;

const COPY_DATA: u8 = b'd';
const COPY_DONE: u8 = b'c';
const COPY_OUT_RESPONSE: u8 = b'H';
const ERROR_RESPONSE: u8 = b'E';

/// Where data go, and the counter of their bytes.
type Drain = (mpsc::Sender<Bytes>, Arc<AtomicU64>);

/// Directs the data of the next COPY.
#[derive(Clone, Default)]
pub(crate) struct Valve(Arc<Mutex<Option<Drain>>>);

impl Valve {
    /// The data of the next COPY go to the receiver: `CopyData` messages with their headers, cut anywhere. It ends with the
    /// COPY, whatever ended it; the driver then says how.
    pub(crate) fn open(&self, bytes: Arc<AtomicU64>) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(WAITING);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((sender, bytes));
        receiver
    }

    fn take(&self) -> Option<Drain> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whose bytes lie at the start of the buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Driver,
    Reader,
}

/// A stream of the server's messages, tapped.
pub(crate) struct Tap<S> {
    stream: S,
    valve: Valve,
    drain: Option<(PollSender<Bytes>, Arc<AtomicU64>)>,
    held: BytesMut,
    /// Whose are the first `run` bytes held.
    whose: Whose,
    run: usize,
    /// Bytes of the last message of the run that are still to come.
    open: usize,
    /// The stream has ended.
    ended: bool,
}

impl<S> Tap<S> {
    pub(crate) fn new(stream: S) -> (Self, Valve) {
        let valve = Valve::default();
        let tap = Self {
            stream,
            valve: valve.clone(),
            drain: None,
            held: BytesMut::new(),
            whose: Whose::Driver,
            run: 0,
            open: 0,
            ended: false,
        };
        (tap, valve)
    }

    /// Extends the run over what is held; true when bytes of the other's follow it.
    fn scan(&mut self) -> bool {
        loop {
            let taken = self.open.min(self.held.len() - self.run);
            self.run += taken;
            self.open -= taken;
            let Some(header) = self.held.get(self.run..).and_then(|rest| rest.first_chunk::<5>()) else {
                return false;
            };
            let [tag, length @ ..] = *header;
            let whose = match tag {
                COPY_DATA if self.drain.is_some() => Whose::Reader,
                _ => Whose::Driver,
            };
            if whose != self.whose {
                if self.run > 0 {
                    return true;
                }
                self.whose = whose;
            }
            match tag {
                COPY_OUT_RESPONSE => {
                    let drain = self.valve.take();
                    self.drain = drain.map(|(sender, bytes)| (PollSender::new(sender), bytes));
                }
                COPY_DONE | ERROR_RESPONSE => {
                    self.drain = None;
                    // An error before the COPY began.
                    self.valve.take();
                }
                _ => {}
            }
            // A length below its own four bytes is damage: the driver gets the rest of the stream and says so.
            self.open = match u32::from_be_bytes(length) {
                0..4 => usize::MAX,
                length => length as usize + 1,
            };
        }
    }

    /// Hands the run to the reader; not before there is room for it.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((sender, _)) = &mut self.drain else {
            self.held.advance(self.run);
            self.run = 0;
            return Poll::Ready(());
        };
        let reserved = ready!(sender.poll_reserve(cx));
        let piece = self.held.split_to(self.run).freeze();
        self.run = 0;
        // A reader that has gone wants no more: its session is being torn down.
        if reserved.is_ok() {
            let _ = sender.send_item(piece);
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let complete = this.scan();
            match this.whose {
                Whose::Driver if this.run > 0 => {
                    let count = this.run.min(out.remaining());
                    out.put_slice(&this.held[..count]);
                    this.held.advance(count);
                    this.run -= count;
                    return Poll::Ready(Ok(()));
                }
                Whose::Reader if complete || this.run >= PIECE || (this.ended && this.run > 0) => {
                    ready!(this.poll_drain(cx));
                    continue;
                }
                _ if this.ended => {
                    // A header that broke off: the driver sees that the stream does.
                    this.drain = None;
                    this.valve.take();
                    return Poll::Ready(Ok(()));
                }
                _ => {}
            }
            let (room, size) = match &this.drain {
                Some(_) => (READ.0, PIECE + READ.0),
                None => (READ.1, READ.1),
            };
            if this.held.capacity() - this.held.len() < room {
                this.held.reserve(size);
            }
            let count = ready!(poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.held))?;
            this.ended = count == 0;
            if let Some((_, bytes)) = &this.drain {
                bytes.fetch_add(count as u64, Ordering::Relaxed);
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;

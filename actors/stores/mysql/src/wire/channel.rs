//! Packets over a socket.

use super::WireError;
use std::io;
use std::ops::Range;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A socket, inside TLS or not.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// A packet of this length is continued by the next one.
const FULL: usize = 0xff_ffff;
const HEADER: usize = 4;
/// What the buffer has room for, unless a packet is longer.
const ROOM: usize = 256 * 1024;

/// Packets to and from a server. Receiving may be cancelled between packets and in them; sending may not.
pub(crate) struct Channel {
    socket: Box<dyn Socket>,
    buffer: Vec<u8>,
    /// What was received and not yet taken.
    filled: Range<usize>,
    sequence: u8,
    received: u64,
}

impl Channel {
    /// Over a socket on which nothing was said yet.
    pub(crate) fn new(socket: Box<dyn Socket>) -> Self {
        Self {
            socket,
            buffer: vec![0; ROOM],
            filled: 0..0,
            sequence: 0,
            received: 0,
        }
    }

    /// The socket, to be wrapped in TLS; what comes back goes on with [`Self::wrapped`].
    ///
    /// # Errors
    /// When something was received that TLS would not see.
    pub(crate) fn unwrap(self) -> Result<(Box<dyn Socket>, u8), WireError> {
        match self.filled.is_empty() {
            true => Ok((self.socket, self.sequence)),
            false => Err(WireError::Malformed("the server spoke before TLS began")),
        }
    }

    /// Goes on inside TLS.
    pub(crate) fn wrapped(socket: Box<dyn Socket>, sequence: u8) -> Self {
        Self {
            sequence,
            ..Self::new(socket)
        }
    }

    /// Bytes received so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The next exchange begins: packets are counted anew.
    pub(crate) fn begin(&mut self) {
        self.sequence = 0;
    }

    /// Sends a packet. `packet` begins with four bytes of room for its header.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn send(&mut self, packet: &mut [u8]) -> Result<(), WireError> {
        let payload = packet.len() - HEADER;
        if payload < FULL {
            self.head(packet, payload);
            self.socket.write_all(packet).await?;
        } else {
            let mut rest = &packet[HEADER..];
            loop {
                let (chunk, behind) = rest.split_at(rest.len().min(FULL));
                let mut header = [0; HEADER];
                self.head(&mut header, chunk.len());
                self.socket.write_all(&header).await?;
                self.socket.write_all(chunk).await?;
                rest = behind;
                // A last packet that is full is followed by an empty one.
                if chunk.len() < FULL {
                    break;
                }
            }
        }
        Ok(self.socket.flush().await?)
    }

    fn head(&mut self, packet: &mut [u8], length: usize) {
        packet[..3].copy_from_slice(&(length as u32).to_le_bytes()[..3]);
        packet[3] = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// The next packet.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn receive(&mut self) -> Result<&[u8], WireError> {
        while !self.is_ready() {
            self.fill().await?;
        }
        let packet = self.cut();
        Ok(&self.buffer[packet])
    }

    /// The next packet, if it was received already: nothing is waited for.
    pub(crate) fn ready(&mut self) -> Option<&[u8]> {
        if !self.is_ready() {
            return None;
        }
        let packet = self.cut();
        Some(&self.buffer[packet])
    }

    /// How many bytes the packet has that is [ready](Self::ready).
    pub(crate) fn ready_length(&self) -> Option<usize> {
        let first = self.length(self.filled.start)?;
        self.is_ready().then_some(first)
    }

    /// Receives some bytes.
    ///
    /// # Errors
    /// When the connection breaks or ends.
    pub(crate) async fn fill(&mut self) -> Result<(), WireError> {
        if self.filled.is_empty() {
            self.filled = 0..0;
            if self.buffer.len() > 16 * ROOM {
                self.buffer = vec![0; ROOM];
            }
        } else if self.buffer.len() - self.filled.end < ROOM / 8 {
            if self.filled.start > self.buffer.len() / 2 {
                self.buffer.copy_within(self.filled.clone(), 0);
                self.filled = 0..self.filled.len();
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let count = self.socket.read(&mut self.buffer[self.filled.end..]).await?;
        if count == 0 {
            let text = "the server closed the connection";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text).into());
        }
        self.filled.end += count;
        self.received += count as u64;
        Ok(())
    }

    fn length(&self, at: usize) -> Option<usize> {
        let header = self.buffer.get(at..at + HEADER)?;
        (at + HEADER <= self.filled.end).then(|| u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize)
    }

    /// Whether a whole packet is in the buffer.
    fn is_ready(&self) -> bool {
        let mut at = self.filled.start;
        while let Some(length) = self.length(at) {
            at += HEADER + length;
            if length < FULL {
                return at <= self.filled.end;
            }
        }
        false
    }

    /// Takes the packet that is ready, and closes the gaps between its parts.
    fn cut(&mut self) -> Range<usize> {
        let start = self.filled.start + HEADER;
        let (mut at, mut end) = (self.filled.start, start);
        while let Some(length) = self.length(at) {
            let part = at + HEADER..at + HEADER + length;
            self.sequence = self.buffer[at + 3].wrapping_add(1);
            at = part.end;
            if part.start != end {
                self.buffer.copy_within(part, end);
            }
            end += length;
            if length < FULL {
                break;
            }
        }
        self.filled.start = at;
        start..end
    }
}

//! Packets, and TLS inside of them and around them.

use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Kinds of packets.
pub(super) const BATCH: u8 = 1;
pub(super) const RPC: u8 = 3;
pub(super) const ANSWER: u8 = 4;
pub(super) const ATTENTION: u8 = 6;
pub(super) const BULK: u8 = 7;
pub(super) const TRANSACTION: u8 = 14;
pub(super) const LOGIN: u8 = 16;
pub(super) const PRELOGIN: u8 = 18;

const HEAD: usize = 8;

/// A message of a client.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) body: Vec<u8>,
}

/// One connection.
pub(super) struct Wire {
    tcp: TcpStream,
    tls: Option<ServerConnection>,
    pub(super) packet: usize,
    /// An answer's bytes that are not sent yet.
    pending: Vec<u8>,
    number: u8,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self {
            tcp,
            tls: None,
            packet: 4096,
            pending: Vec::new(),
            number: 0,
        })
    }

    /// The next whole message.
    pub(super) fn receive(&mut self) -> io::Result<Message> {
        let mut body = Vec::new();
        loop {
            let mut head = [0; HEAD];
            self.read_exact(&mut head)?;
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let mut rest = vec![0; length.checked_sub(HEAD).ok_or(ErrorKind::InvalidData)?];
            self.read_exact(&mut rest)?;
            if head[0] == ATTENTION {
                return Ok(Message {
                    kind: ATTENTION,
                    body: Vec::new(),
                });
            }
            body.extend_from_slice(&rest);
            if head[1] & 1 == 1 {
                return Ok(Message { kind: head[0], body });
            }
        }
    }

    /// Adds to the answer; whole packets go out.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let room = self.packet - HEAD;
        while self.pending.len() > room {
            let part: Vec<u8> = self.pending.drain(..room).collect();
            self.send(ANSWER, &part, false)?;
        }
        Ok(())
    }

    /// Ends the answer.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.pending);
        self.send(ANSWER, &rest, true)
    }

    /// One packet.
    pub(super) fn send(&mut self, kind: u8, body: &[u8], last: bool) -> io::Result<()> {
        self.number = self.number.wrapping_add(1);
        let mut packet = vec![kind, u8::from(last)];
        packet.extend_from_slice(&((body.len() + HEAD) as u16).to_be_bytes());
        packet.extend_from_slice(&[0, 52, self.number, 0]);
        packet.extend_from_slice(body);
        match &mut self.tls {
            None => self.tcp.write_all(&packet),
            Some(tls) => {
                tls.writer().write_all(&packet)?;
                while tls.wants_write() {
                    tls.write_tls(&mut self.tcp)?;
                }
                Ok(())
            }
        }
    }

    /// Shakes hands inside of packets; what follows is around them.
    pub(super) fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        loop {
            let mut out = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut out)?;
            }
            if !out.is_empty() {
                for (index, part) in out.chunks(4088).enumerate() {
                    self.send(PRELOGIN, part, (index + 1) * 4088 >= out.len())?;
                }
            }
            if !tls.is_handshaking() {
                break;
            }
            let message = self.receive()?;
            let mut bytes = &message.body[..];
            while !bytes.is_empty() {
                tls.read_tls(&mut bytes)?;
                tls.process_new_packets().map_err(io::Error::other)?;
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Leaves TLS behind: only the login was encrypted.
    pub(super) fn clear(&mut self) {
        self.tls = None;
    }

    /// Whether the client has sent an attention meanwhile, or is gone.
    pub(super) fn interrupted(&mut self) -> io::Result<bool> {
        let waiting = match &mut self.tls {
            Some(tls) => tls
                .process_new_packets()
                .map_err(io::Error::other)?
                .plaintext_bytes_to_read(),
            None => 0,
        };
        if waiting > 0 {
            return Ok(self.receive()?.kind == ATTENTION);
        }
        self.tcp.set_nonblocking(true)?;
        let peeked = self.tcp.peek(&mut [0]);
        self.tcp.set_nonblocking(false)?;
        match peeked {
            Ok(0) => Err(ErrorKind::ConnectionReset.into()),
            Ok(_) => Ok(self.receive()?.kind == ATTENTION),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The socket, to be closed by whoever stops the peer.
    pub(super) fn socket(&self) -> io::Result<TcpStream> {
        self.tcp.try_clone()
    }

    /// How long a read may take; none is for ever.
    pub(super) fn patience(&self, time: Option<Duration>) -> io::Result<()> {
        self.tcp.set_read_timeout(time)
    }

    fn read_exact(&mut self, mut room: &mut [u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return self.tcp.read_exact(room);
        };
        while !room.is_empty() {
            match tls.reader().read(room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => room = &mut room[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if tls.read_tls(&mut self.tcp)? == 0 {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

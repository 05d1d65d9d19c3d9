//! What can go wrong on the wire.

use sluice_contract::Fault;
use std::io;

/// A failed exchange with the server.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The server said no.
    Server {
        /// MySQL's number, such as 1146.
        code: u16,
        /// The SQLSTATE; empty before the login.
        state: String,
        message: String,
    },
    /// Its name has no address, or the node's policy does not let it be connected to.
    NotReached(Fault),
    /// The connection broke.
    Io(io::Error),
    /// The TLS handshake failed, or the server does not offer TLS where it is asked for.
    Tls(String),
    /// The server asks for a login that cannot be made.
    Login(String),
    /// The server said something that the protocol does not have.
    Malformed(&'static str),
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server { code, state, message } => write!(f, "{message} (error {code}, SQLSTATE {state})"),
            Self::NotReached(fault) => f.write_str(&fault.message),
            Self::Io(error) => write!(f, "{error}"),
            Self::Tls(why) | Self::Login(why) => f.write_str(why),
            Self::Malformed(what) => write!(f, "the server's answer is malformed: {what}"),
        }
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl WireError {
    /// Reads an ERR packet, its first byte included.
    pub(crate) fn of_packet(packet: &[u8]) -> Self {
        let code = packet.get(1..3).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]));
        let rest = packet.get(3..).unwrap_or_default();
        let (state, message) = match rest.first() {
            Some(b'#') if rest.len() >= 6 => rest[1..].split_at(5),
            _ => (&[][..], rest),
        };
        Self::Server {
            code,
            state: String::from_utf8_lossy(state).into_owned(),
            message: String::from_utf8_lossy(message).into_owned(),
        }
    }
}

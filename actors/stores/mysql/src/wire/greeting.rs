//! What the server says first.

use super::WireError;
use super::bytes::Bytes;

/// What client and server can do.
pub(crate) mod can {
    pub(crate) const LONG_PASSWORD: u32 = 1;
    pub(crate) const LONG_FLAG: u32 = 1 << 2;
    pub(crate) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(crate) const LOCAL_FILES: u32 = 1 << 7;
    pub(crate) const PROTOCOL_41: u32 = 1 << 9;
    pub(crate) const SSL: u32 = 1 << 11;
    pub(crate) const TRANSACTIONS: u32 = 1 << 13;
    pub(crate) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(crate) const MULTI_RESULTS: u32 = 1 << 17;
    pub(crate) const PLUGIN_AUTH: u32 = 1 << 19;
    pub(crate) const PLUGIN_AUTH_LENENC: u32 = 1 << 21;
    pub(crate) const DEPRECATE_EOF: u32 = 1 << 24;
}

/// The server's first packet.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    /// The connection's number, for `KILL`.
    pub(crate) id: u32,
    pub(crate) capabilities: u32,
    pub(crate) plugin: String,
    /// Random bytes that the password's proof is made with.
    pub(crate) nonce: Vec<u8>,
}

impl Greeting {
    /// Reads it.
    ///
    /// # Errors
    /// The server's, when it does not want to talk; or that it is none of MySQL's.
    pub(crate) fn read(packet: &[u8]) -> Result<Self, WireError> {
        let mut rest = Bytes(packet);
        match rest.u8()? {
            10 => {}
            0xff => return Err(WireError::of_packet(packet)),
            _ => return Err(WireError::Malformed("this is no MySQL server, or one older than 3.21")),
        }
        let _version = rest.terminated();
        let id = rest.u32()?;
        let mut nonce = rest.take(8)?.to_vec();
        rest.take(1)?;
        let low = rest.u16()?;
        let _charset = rest.u8()?;
        let _status = rest.u16()?;
        let capabilities = u32::from(low) | u32::from(rest.u16()?) << 16;
        let length = usize::from(rest.u8()?);
        rest.take(10)?;
        let more = length.saturating_sub(8).max(13).min(rest.0.len());
        nonce.extend_from_slice(rest.take(more)?);
        // It ends with a NUL that is not part of it.
        nonce.truncate(20);
        let plugin = String::from_utf8_lossy(rest.terminated()).into_owned();
        Ok(Self {
            id,
            capabilities,
            plugin,
            nonce,
        })
    }
}

//! The token's five parts, checked in shape and size before any key is used.

use crate::header::{Alg, Header};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use sluice_contract::{Code, Fault};

/// The longest token, in bytes.
pub(crate) const MAX_TOKEN: usize = 64 * 1024;
/// The longest header, in bytes of base64url.
const MAX_HEADER: usize = 4 * 1024;
/// Bytes of the initialisation vector.
pub(crate) const IV: usize = 12;
/// Bytes of the tag.
pub(crate) const TAG: usize = 16;

/// A token taken apart.
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    /// The header as it was sent: the content's additional authenticated data.
    pub(crate) protected: &'a str,
    pub(crate) encrypted_key: Vec<u8>,
    pub(crate) iv: [u8; IV],
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: [u8; TAG],
}

/// The fault of a form that is not opened.
pub(crate) fn refused(why: &str) -> Fault {
    Fault::new(Code::SealedInvalid, format!("the sealed credential is refused: {why}"))
}

/// The certificate a sealed credential is for, as base64url of its SHA-256. The token is checked in form only.
///
/// # Errors
/// `SL5004` when it is not a token of the closed list of forms.
pub fn recipient(token: &str) -> Result<String, Fault> {
    Ok(Token::parse(token)?.header.thumbprint)
}

impl<'a> Token<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Fault> {
        if token.len() > MAX_TOKEN {
            return Err(refused("it is over 64 KiB"));
        }
        let mut parts = token.split('.');
        let mut next = || parts.next();
        let (Some(protected), Some(key), Some(iv), Some(ciphertext), Some(tag), None) =
            (next(), next(), next(), next(), next(), next())
        else {
            return Err(refused("it has not five parts"));
        };
        if protected.len() > MAX_HEADER {
            return Err(refused("its header is over 4 KiB"));
        }
        let header = Header::parse(&bytes(protected)?)?;
        let token = Self {
            header,
            protected,
            encrypted_key: bytes(key)?,
            iv: sized(iv, "its initialisation vector is not 12 bytes")?,
            ciphertext: bytes(ciphertext)?,
            tag: sized(tag, "its tag is not 16 bytes")?,
        };
        if token.header.alg == Alg::EcdhEs && !token.encrypted_key.is_empty() {
            return Err(refused("it has an encrypted key beside a direct agreement"));
        }
        Ok(token)
    }
}

fn bytes(part: &str) -> Result<Vec<u8>, Fault> {
    BASE64
        .decode(part)
        .map_err(|_| refused("a part of it is not base64url"))
}

fn sized<const N: usize>(part: &str, why: &str) -> Result<[u8; N], Fault> {
    bytes(part)?.try_into().map_err(|_| refused(why))
}

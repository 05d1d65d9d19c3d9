//! Proving the password, by the plugin that the server names.

use super::WireError;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A plugin that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    Native,
    CachingSha2,
    Clear,
}

impl Plugin {
    /// By its name in the protocol.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "mysql_native_password" => Self::Native,
            "caching_sha2_password" => Self::CachingSha2,
            "mysql_clear_password" => Self::Clear,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Clear => "mysql_clear_password",
        }
    }

    /// The first answer to a nonce. `secure`: nobody can listen.
    ///
    /// # Errors
    /// When the password would go over the wire readable.
    pub(super) fn answer(self, password: &str, nonce: &[u8], secure: bool) -> Result<Zeroizing<Vec<u8>>, WireError> {
        if self == Self::Clear {
            return match secure {
                true => Ok(terminated(password)),
                false => Err(WireError::Login(
                    "the server wants the password in clear, and the connection is not encrypted: set sslMode".into(),
                )),
            };
        }
        if password.is_empty() {
            return Ok(Zeroizing::default());
        }
        let mut proof = Zeroizing::new(match self {
            Self::Native => native(password.as_bytes(), nonce),
            _ => sha2(password.as_bytes(), nonce),
        });
        Ok(std::mem::take(&mut proof))
    }
}

/// A password as a text that ends with NUL.
pub(super) fn terminated(password: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    bytes.extend_from_slice(password.as_bytes());
    bytes.push(0);
    bytes
}

fn native(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let sha1 = |data: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, data);
    let once = sha1(password);
    let twice = sha1(once.as_ref());
    let mask = sha1(&[nonce, twice.as_ref()].concat());
    xor(once.as_ref(), mask.as_ref())
}

fn sha2(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let sha256 = |data: &[u8]| digest(&SHA256, data);
    let once = sha256(password);
    let twice = sha256(once.as_ref());
    let mask = sha256(&[twice.as_ref(), nonce].concat());
    xor(once.as_ref(), mask.as_ref())
}

fn xor(bytes: &[u8], mask: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}

/// The password under the server's public key, for a `caching_sha2_password` server that does not remember the user and
/// speaks no TLS.
///
/// # Errors
/// When the key is none.
pub(super) fn encrypted(password: &str, nonce: &[u8], pem: &str) -> Result<Vec<u8>, WireError> {
    let bad = || WireError::Login("the server's public key is not one".into());
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let der = STANDARD.decode(base64.trim_end_matches('\0')).map_err(|_| bad())?;
    let key = PublicEncryptingKey::from_der(&der).map_err(|_| bad())?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| bad())?;
    let masked = Zeroizing::new(xor(&terminated(password), nonce));
    let mut sealed = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(&OAEP_SHA1_MGF1SHA1, &masked, &mut sealed, None)
        .map_err(|_| WireError::Login("the password is too long for the server's key".into()))?
        .len();
    sealed.truncate(length);
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn proofs_are_the_servers() {
        let nonce: Vec<u8> = (1..=20).collect();
        // Python's hashlib, by the formulas in MySQL's documentation.
        assert_eq!(
            hex(&native(b"secret", &nonce)),
            "b32bb3a583e1340c0a1108d58b1be49781ad8c2f"
        );
        assert_eq!(
            hex(&sha2(b"secret", &nonce)),
            "746ebe205d56a0707acb3e796e834e0dd7b1d61743b26bd5202c7a623230c7c9"
        );
        let empty = Plugin::CachingSha2.answer("", &nonce, false).unwrap();
        assert!(empty.is_empty());
    }

    #[test]
    fn nothing_readable_goes_over_an_open_wire() {
        assert!(Plugin::Clear.answer("secret", &[0; 20], false).is_err());
        assert_eq!(*Plugin::Clear.answer("secret", &[0; 20], true).unwrap(), b"secret\0");
    }
}

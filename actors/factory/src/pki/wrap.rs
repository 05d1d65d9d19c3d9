//! Secrets that the factory itself must be able to show again, under a key that is not in the database.

use super::failed;
use super::files::{read_private, write_private};
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use sluice_contract::Fault;
use std::path::Path;
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// The key in `wrapping.key`. It protects the registration keys: `listAuthKeys` has to show them in clear, so a hash
/// alone does not do, but a copy of the database alone shall not give them away.
pub(crate) struct WrappingKey(RandomizedNonceKey);

impl WrappingKey {
    /// Opens the key file, and makes it when there is none.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn open(dir: &Path) -> Result<Self, Fault> {
        let file = dir.join("wrapping.key");
        let key = match read_private(&file)? {
            Some(bytes) => Zeroizing::new(bytes),
            None => {
                let fresh = Zeroizing::new(crate::wire::random()?.to_vec());
                write_private(&file, &fresh)?;
                fresh
            }
        };
        RandomizedNonceKey::new(&AES_256_GCM, &key)
            .map(Self)
            .map_err(|_| failed("wrapping.key", "it is not 32 bytes"))
    }

    /// Encrypts a secret for its owner.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn wrap(&self, owner: &str, secret: &[u8]) -> Result<String, Fault> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut sealed)
            .map_err(|e| failed("wrapping", e))?;
        let mut bytes = nonce.as_ref().to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(BASE64_STANDARD_NO_PAD.encode(bytes))
    }

    /// The secret again.
    ///
    /// # Errors
    /// `SL9001` when it was wrapped by another key or for another owner.
    pub(crate) fn unwrap(&self, owner: &str, wrapped: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let broken = || failed("wrapping.key", "it does not open what is in the database");
        let bytes = BASE64_STANDARD_NO_PAD.decode(wrapped).map_err(|_| broken())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(broken)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut sealed)
            .map_err(|_| broken())?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

//! Secrets that the factory itself must be able to show again, under a key that is not in the database.

use super::failed;
use super::files::{read_private, write_private};
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use sluice_contract::Fault;
use std::path::Path;
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// The key in `wrapping.key`. It protects the registration keys: `listAuthKeys` has to show them in clear, so a hash
/// alone does not do, but a copy of the database alone shall not give them away.
pub(crate) struct WrappingKey {
    key: RandomizedNonceKey,
    /// Derived from it: makes the addresses that WebHooks are called back at.
    callbacks: hmac::Key,
}

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
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), b"callbacks of WebHooks");
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, &key)
                .map_err(|_| failed("wrapping.key", "it is not 32 bytes"))?,
            callbacks: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
        })
    }

    /// What has to stand in the address at which an activity run is called back. Every replica knows it, and the database does
    /// not.
    pub(crate) fn callback_token(&self, activity_run: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.callbacks, activity_run.as_bytes()))
    }

    /// Whether it is that; compared in a time that tells nothing.
    pub(crate) fn is_callback_token(&self, activity_run: &str, token: &str) -> bool {
        let tag = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        hmac::verify(&self.callbacks, activity_run.as_bytes(), &tag).is_ok()
    }

    /// Encrypts a secret for its owner.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn wrap(&self, owner: &str, secret: &[u8]) -> Result<String, Fault> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .key
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
            .key
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut sealed)
            .map_err(|_| broken())?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

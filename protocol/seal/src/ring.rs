//! Opening: the private keys of a node, by the thumbprint of their certificates.

use crate::certificate::{Certificate, Recipient};
use crate::content::{ContentKey, decrypt, derive_key, random_key};
use crate::header::Alg;
use crate::token::{Token, refused};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use sluice_contract::sealed::{Plaintext, VERSION};
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// The keys that a node opens credentials with. Old keys stay in it, so that a changed certificate still opens what was
/// sealed to the one before.
#[derive(Default)]
pub struct KeyRing(BTreeMap<String, PrivateKey>);

enum PrivateKey {
    Rsa(OaepPrivateDecryptingKey),
    P256(agreement::PrivateKey),
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl KeyRing {
    /// A ring without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a certificate (PEM) with its private key (PKCS#8 DER), and says the certificate's thumbprint.
    ///
    /// # Errors
    /// `SL5008` for a certificate that cannot be sealed to, `SL5007` when the key is damaged or of another certificate.
    pub fn insert(&mut self, certificate_pem: &str, pkcs8: &[u8]) -> Result<String, Fault> {
        let certificate = Certificate::parse(certificate_pem)?;
        let damaged = |why: &str| {
            let message = format!(
                "the key of the credential certificate {}: {why}",
                certificate.thumbprint
            );
            Fault::new(Code::VaultUnavailable, message).retryable(false)
        };
        let unreadable = || damaged("it cannot be read");
        let (key, public) = match certificate.recipient {
            Recipient::Rsa(_) => {
                let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| unreadable())?;
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&key.public_key()).map_err(|_| unreadable())?;
                let key = OaepPrivateDecryptingKey::new(key).map_err(|_| unreadable())?;
                (PrivateKey::Rsa(key), public)
            }
            Recipient::P256(_) => {
                let key = agreement::PrivateKey::from_private_key_der(&ECDH_P256, pkcs8).map_err(|_| unreadable())?;
                let public = key.compute_public_key().map_err(|_| unreadable())?;
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&public).map_err(|_| unreadable())?;
                (PrivateKey::P256(key), public)
            }
        };
        if public.as_ref() != certificate.public_key {
            return Err(damaged("it belongs to another certificate"));
        }
        self.0.insert(certificate.thumbprint.clone(), key);
        Ok(certificate.thumbprint)
    }

    /// The thumbprints of the certificates whose credentials can be opened.
    pub fn thumbprints(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Opens a sealed credential. The caller compares its type and binding with what it is about to be used for.
    ///
    /// # Errors
    /// `SL5004` for a form that is refused, `SL5002` when it was sealed to a certificate that is not in the ring, and the
    /// same `SL5003` for whatever else is wrong with it.
    pub fn open(&self, token: &str) -> Result<Plaintext, Fault> {
        let token = Token::parse(token)?;
        let key = self.0.get(&token.header.thumbprint).ok_or_else(|| {
            let thumbprint = &token.header.thumbprint;
            let message = format!("the credential was sealed to the certificate {thumbprint}, which is not held here");
            Fault::new(Code::UnknownCertificate, message)
        })?;
        let content_key = key.content_key(&token)?;
        let content =
            decrypt(&content_key, token.protected, token.iv, &token.ciphertext, &token.tag).map_err(|_| failed())?;
        read(&content)
    }
}

impl PrivateKey {
    fn content_key(&self, token: &Token<'_>) -> Result<ContentKey, Fault> {
        match (self, token.header.alg) {
            (Self::Rsa(key), Alg::RsaOaep256) => {
                if token.encrypted_key.len() != key.key_size_bytes() {
                    return Err(refused("its encrypted key is not of the size of the certificate's key"));
                }
                // A key that does not unwrap is replaced by a random one (RFC 7516, 11.5): the failure then comes from
                // the tag, in the same place and about the same time as for a changed ciphertext.
                let mut content_key = random_key().map_err(|_| failed())?;
                let mut unwrapped = Zeroizing::new(vec![0; key.min_output_size()]);
                let outcome = key.decrypt(&OAEP_SHA256_MGF1SHA256, &token.encrypted_key, &mut unwrapped, None);
                if let Some(right) = outcome.ok().filter(|bytes| bytes.len() == content_key.len()) {
                    content_key.copy_from_slice(right);
                }
                Ok(content_key)
            }
            (Self::P256(key), Alg::EcdhEs) => {
                let (apu, apv) = token.header.parties()?;
                agreement::agree(key, token.header.sender()?, failed(), |agreed| {
                    Ok(derive_key(agreed, &apu, &apv))
                })
            }
            _ => Err(refused("its algorithm is not that of the certificate's key")),
        }
    }
}

/// Straight into the structs that are wiped. serde's error is dropped: it may quote the secret.
fn read(content: &[u8]) -> Result<Plaintext, Fault> {
    let plaintext: Plaintext =
        serde_json::from_slice(content).map_err(|_| refused("what it holds is not a credential"))?;
    if plaintext.v != VERSION {
        return Err(refused("what it holds is of another version"));
    }
    Ok(plaintext)
}

fn failed() -> Fault {
    Fault::new(Code::DecryptFailed, "the sealed credential cannot be opened")
}

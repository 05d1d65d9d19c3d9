//! Keys: ECDSA on P-256 with SHA-256, which is what a node's certificate has.
//!
//! A signature is written `CERTIFICATE.SIGNATURE`, both base64url; the first part is empty where the other side knows the
//! key already.

use super::text::signed_text;
use crate::Address;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use sluice_contract::{Code, Envelope, Fault};

/// The most bytes that a signature adds to an envelope, the certificate included.
pub(super) const MAX_SIGNATURE: usize = 4 * 1024;
/// The largest certificate that goes along, in bytes.
const MAX_CERTIFICATE: usize = 2 * 1024;

/// Signs messages.
pub struct Signer {
    key: EcdsaKeyPair,
    /// The certificate, base64url; empty where it is not sent.
    certificate: String,
}

impl Signer {
    /// From a private key on P-256 (PKCS#8 or SEC1, DER), and the certificate to send along (DER) if there is one.
    ///
    /// # Errors
    /// `SL9002` when the key is not of P-256, or the certificate is over 2 KiB.
    pub fn new(key_der: &[u8], certificate: Option<&[u8]>) -> Result<Self, Fault> {
        let wrong = |what: &str| Fault::new(Code::Internal, format!("messages cannot be signed: {what}"));
        if certificate.is_some_and(|certificate| certificate.len() > MAX_CERTIFICATE) {
            return Err(wrong("the certificate is over 2 KiB"));
        }
        let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, key_der)
            .map_err(|_| wrong("the key is not of P-256"))?;
        Ok(Self {
            key,
            certificate: certificate.map(|der| BASE64_URL.encode(der)).unwrap_or_default(),
        })
    }

    /// A fresh key, PKCS#8 DER.
    ///
    /// # Errors
    /// `SL9002` when the system has no random numbers.
    pub fn generate() -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|key| zeroize::Zeroizing::new(key.as_ref().to_vec()))
            .map_err(|_| Fault::new(Code::Internal, "no key for signing messages could be made"))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.public_key().as_ref().to_vec())
    }

    /// The signature of an envelope that goes to an address.
    ///
    /// # Errors
    /// `SL3005` when the envelope has no JSON form, `SL9002` when the cryptography fails.
    pub fn sign(&self, address: &Address, envelope: &Envelope) -> Result<String, Fault> {
        let text = signed_text(address, envelope)?;
        let signature = self
            .key
            .sign(&SystemRandom::new(), &text)
            .map_err(|_| Fault::new(Code::Internal, "the key did not sign a message"))?;
        Ok(format!("{}.{}", self.certificate, BASE64_URL.encode(signature)))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// The public half of a [`Signer`]: an uncompressed point of P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// From its text form, base64url.
    ///
    /// # Errors
    /// `SL3010` when it is not one.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        BASE64_URL
            .decode(text)
            .ok()
            .filter(|point| point.len() == 65 && point[0] == 4)
            .map(Self)
            .ok_or_else(|| {
                Fault::new(
                    Code::MessageForged,
                    "the factory's key for messages is not one of P-256",
                )
            })
    }

    /// Of a certificate (DER), if its key is of P-256.
    pub(super) fn of_certificate(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        let point = certificate.public_key().subject_public_key.data.to_vec();
        (point.len() == 65 && point[0] == 4).then_some(Self(point))
    }

    /// Whether a signature is this key's, of this envelope at this address.
    pub(super) fn verifies(&self, address: &Address, envelope: &Envelope, signature: &[u8]) -> bool {
        signed_text(address, envelope).is_ok_and(|text| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0)
                .verify(&text, signature)
                .is_ok()
        })
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64_URL.encode(&self.0))
    }
}

/// The certificate (DER, empty when none is sent) and the signature.
pub(super) fn parts(envelope: &Envelope) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = envelope.sig.as_deref().filter(|text| text.len() <= MAX_SIGNATURE)?;
    let (certificate, signature) = text.split_once('.')?;
    Some((BASE64_URL.decode(certificate).ok()?, BASE64_URL.decode(signature).ok()?))
}

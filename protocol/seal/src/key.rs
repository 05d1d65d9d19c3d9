//! Making a gateway's key and its self-signed certificate.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use rcgen::{CertificateParams, DnType, KeyUsagePurpose, PublicKeyData, SignatureAlgorithm, SigningKey};
use sluice_contract::{Code, Fault};
use std::fmt;
use zeroize::Zeroizing;

/// A gateway's credential key with its certificate.
pub struct GatewayKey {
    /// The certificate, self-signed, PEM.
    pub certificate_pem: String,
    /// The private key, PKCS#8 DER. Wiped when dropped.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for GatewayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayKey")
            .field("certificate_pem", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

/// The kinds of keys that credentials can be sealed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 3072 bits: what every JOSE library and browser can seal to.
    #[default]
    Rsa3072,
    /// NIST P-256: small and fast, and what security modules do best.
    P256,
}

/// Makes an RSA-3072 key and a certificate of this name. Takes up to some seconds of processor time.
///
/// # Errors
/// `SL9002` when the cryptographic library fails.
pub fn generate_key(name: &str) -> Result<GatewayKey, Fault> {
    generate_key_of(KeyKind::default(), name)
}

/// Makes a key of this kind and a certificate of this name.
///
/// # Errors
/// `SL9002` when the cryptographic library fails.
pub fn generate_key_of(kind: KeyKind, name: &str) -> Result<GatewayKey, Fault> {
    let failed = || Fault::new(Code::Internal, "the cryptographic library failed to make a key");
    let (key, pkcs8) = Key::generate(kind).ok_or_else(failed)?;
    // The defaults are no certificate authority, and a validity that outlives the gateway: the certificate is replaced
    // when an administrator says so, not by the calendar.
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![match kind {
        KeyKind::Rsa3072 => KeyUsagePurpose::KeyEncipherment,
        KeyKind::P256 => KeyUsagePurpose::KeyAgreement,
    }];
    let certificate = params.self_signed(&key).map_err(|_| failed())?;
    Ok(GatewayKey {
        certificate_pem: certificate.pem(),
        pkcs8,
    })
}

/// Signs the certificate. rcgen's own key type would keep a copy of the private key that is not wiped.
enum Key {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
}

impl Key {
    fn generate(kind: KeyKind) -> Option<(Self, Zeroizing<Vec<u8>>)> {
        match kind {
            KeyKind::Rsa3072 => {
                let key = rsa::KeyPair::generate(KeySize::Rsa3072).ok()?;
                let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).ok()?;
                Some((Self::Rsa(key), Zeroizing::new(pkcs8.as_ref().to_vec())))
            }
            KeyKind::P256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok()?;
                let pkcs8 = key.to_pkcs8v1().ok()?;
                Some((Self::P256(key), Zeroizing::new(pkcs8.as_ref().to_vec())))
            }
        }
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::P256(key) => key.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            Self::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
            Self::P256(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Self::P256(key) => key.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| rcgen::Error::RingUnspecified)
    }
}

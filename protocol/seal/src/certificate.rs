//! The public side: a gateway's credential certificate.

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use sluice_contract::{Code, Fault};
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;

/// A certificate that credentials can be sealed to.
pub(crate) struct Certificate {
    pub(crate) thumbprint: String,
    pub(crate) recipient: Recipient,
    /// The DER of its SubjectPublicKeyInfo.
    pub(crate) public_key: Vec<u8>,
}

/// A public key that a content key can be given to.
pub(crate) enum Recipient {
    Rsa(OaepPublicEncryptingKey),
    P256(ParsedPublicKey),
}

/// The base64url SHA-256 of a certificate's DER: its name in a sealed credential's header.
///
/// # Errors
/// `SL5008` when the text is not a PEM certificate with an RSA key from 2048 bits on, or a P-256 key.
pub fn thumbprint(certificate_pem: &str) -> Result<String, Fault> {
    Ok(Certificate::parse(certificate_pem)?.thumbprint)
}

/// A certificate's DER as PEM text.
pub fn certificate_pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem += line;
        pem.push('\n');
        rest = more;
    }
    pem + "-----END CERTIFICATE-----\n"
}

impl Certificate {
    pub(crate) fn parse(pem: &str) -> Result<Self, Fault> {
        let invalid = |why: &str| Fault::new(Code::CertificateInvalid, format!("the certificate {why}"));
        let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| invalid("is not PEM text"))?;
        let certificate = block.parse_x509().map_err(|_| invalid("is not an X.509 certificate"))?;
        let key = certificate.public_key();
        let recipient = match key.parsed() {
            Ok(PublicKey::RSA(_)) => PublicEncryptingKey::from_der(key.raw)
                .ok()
                .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
                .map(Recipient::Rsa)
                .ok_or_else(|| invalid("has an RSA key that is not from 2048 to 8192 bits"))?,
            Ok(PublicKey::EC(_)) => ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, key.raw))
                .map(Recipient::P256)
                .map_err(|_| invalid("has an elliptic curve key that is not of P-256"))?,
            _ => return Err(invalid("has a key that is neither RSA nor P-256")),
        };
        Ok(Self {
            thumbprint: BASE64.encode(digest(&SHA256, &block.contents)),
            recipient,
            public_key: key.raw.to_vec(),
        })
    }
}

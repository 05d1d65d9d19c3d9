//! Trusting exactly one certificate, by its fingerprint.

use ::aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::atomic::{AtomicBool, Ordering};

/// Verifies that a server shows one certificate, and holds its key. Its name and its time do not matter: the fingerprint was
/// carried from one machine to the other.
#[derive(Debug)]
pub(super) struct Exactly {
    fingerprint: [u8; 32],
    algorithms: WebPkiSupportedAlgorithms,
    another: AtomicBool,
}

impl Exactly {
    pub(super) fn new(fingerprint: [u8; 32]) -> Self {
        Self {
            fingerprint,
            algorithms: provider::default_provider().signature_verification_algorithms,
            another: AtomicBool::new(false),
        }
    }

    /// Whether a server showed another one.
    pub(super) fn saw_another(&self) -> bool {
        self.another.load(Ordering::SeqCst)
    }
}

/// 64 hexadecimal digits, with or without colons between pairs.
pub(super) fn parse(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<char> = text.trim().chars().filter(|c| *c != ':').collect();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::try_from(pair[0].to_digit(16)? * 16 + pair[1].to_digit(16)?).ok()?;
    }
    Some(bytes)
}

/// The fingerprint of a certificate, as people compare it.
pub(super) fn shown(der: &[u8]) -> String {
    let digest = digest(&SHA256, der);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

impl ServerCertVerifier for Exactly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if digest(&SHA256, end_entity).as_ref() == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        self.another.store(true, Ordering::SeqCst);
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

//! Trusting exactly one CA: the one whose public key the registration key names.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a server was refused before anything was sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It did not show the pinned CA, or a certificate that this CA did not issue.
    NotTheFactory(String),
    /// The factory's CA vouches for it, but the name or the time is wrong.
    Invalid(String),
}

/// Verifies a server by the pin: the pinned CA must be among the certificates it shows, and then chain, name and time
/// are verified with that CA as the only root.
#[derive(Debug)]
pub(super) struct PinnedVerifier {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
    algorithms: WebPkiSupportedAlgorithms,
    refusal: Mutex<Option<Refusal>>,
}

impl PinnedVerifier {
    pub(super) fn new(pin: [u8; 32]) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Self {
            pin,
            algorithms: provider.signature_verification_algorithms,
            provider,
            refusal: Mutex::new(None),
        }
    }

    /// Why the last server was refused, if it was.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse(&self, refusal: Refusal, error: Error) -> Error {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
        error
    }
}

/// SHA-256 of a certificate's SubjectPublicKeyInfo; `None` when it is no certificate.
pub(crate) fn spki_pin(certificate: &[u8]) -> Option<[u8; 32]> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parsed.public_key().raw);
    digest.as_ref().try_into().ok()
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pinned = |certificate: &&CertificateDer<'_>| spki_pin(certificate) == Some(self.pin);
        let Some(ca) = intermediates.iter().find(pinned) else {
            let text = "none of the certificates it shows has the pinned public key".to_owned();
            return Err(self.refuse(
                Refusal::NotTheFactory(text),
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
            ));
        };
        let mut roots = RootCertStore::empty();
        let verifier = roots
            .add(ca.clone().into_owned())
            .map_err(|e| e.to_string())
            .and_then(|()| {
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                    .build()
                    .map_err(|e| e.to_string())
            })
            .map_err(|text| self.refuse(Refusal::Invalid(text.clone()), Error::General(text)))?;
        verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| {
                let refusal = match &error {
                    Error::InvalidCertificate(
                        CertificateError::UnknownIssuer
                        | CertificateError::BadSignature
                        | CertificateError::BadEncoding,
                    ) => Refusal::NotTheFactory("its certificate was not issued by the pinned CA".to_owned()),
                    other => Refusal::Invalid(other.to_string()),
                };
                self.refuse(refusal, error)
            })
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

//! Trusting exactly one CA: the one whose public key the registration key names.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error, RootCertStore};
use sluice_net::{Shown, Trust};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a server was refused before anything was sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It did not show the pinned CA, or a certificate that this CA did not issue.
    NotTheFactory(String),
    /// The factory's CA vouches for it, but the name or the time is wrong.
    Invalid(String),
}

/// Trusts a server by the pin: the pinned CA must be among the certificates it shows, and then chain, name and time
/// are verified with that CA as the only root.
#[derive(Debug)]
pub(super) struct Pinned {
    pin: [u8; 32],
    refusal: Mutex<Option<Refusal>>,
}

impl Pinned {
    pub(super) fn new(pin: [u8; 32]) -> Self {
        Self {
            pin,
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

impl Trust for Pinned {
    fn decide(&self, shown: &Shown<'_>, provider: &Arc<CryptoProvider>) -> Result<(), Error> {
        let pinned = |certificate: &&CertificateDer<'_>| spki_pin(certificate) == Some(self.pin);
        let Some(ca) = shown.issuers.iter().find(pinned) else {
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
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                    .build()
                    .map_err(|e| e.to_string())
            })
            .map_err(|text| self.refuse(Refusal::Invalid(text.clone()), Error::General(text)))?;
        verifier
            .verify_server_cert(shown.certificate, shown.issuers, shown.name, &[], shown.now)
            .map(drop)
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
}

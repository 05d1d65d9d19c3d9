//! Trusting exactly one certificate, by its fingerprint.

use aws_lc_rs::digest::{SHA256, digest};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, Error};
use sluice_net::{Shown, Trust};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Trusts a server that shows one certificate. Its name and its time do not matter: the fingerprint was
/// carried from one machine to the other.
#[derive(Debug)]
pub(super) struct Exactly {
    fingerprint: [u8; 32],
    another: AtomicBool,
}

impl Exactly {
    pub(super) fn new(fingerprint: [u8; 32]) -> Self {
        Self {
            fingerprint,
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

impl Trust for Exactly {
    fn decide(&self, shown: &Shown<'_>, _: &Arc<CryptoProvider>) -> Result<(), Error> {
        if digest(&SHA256, shown.certificate).as_ref() == self.fingerprint {
            return Ok(());
        }
        self.another.store(true, Ordering::SeqCst);
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }
}

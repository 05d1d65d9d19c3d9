//! Whether a server of TLS is the one that was meant.
//!
//! Who calls it decides about the certificate, as a [`Trust`]. That the server owns the certificate's key is checked here, for all
//! of them and always: this is the only verifier of servers in the house, so that no other one can forget it.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use std::fmt::Debug;
use std::sync::Arc;

/// What a server shows, and what it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its own certificate.
    pub certificate: &'a CertificateDer<'a>,
    /// Those that certify it, as far as it shows them.
    pub issuers: &'a [CertificateDer<'a>],
    /// The name under which it was called.
    pub name: &'a ServerName<'a>,
    /// The time of the handshake.
    pub now: UnixTime,
}

/// Decides whether a server's certificate is the right one.
pub trait Trust: Debug + Send + Sync {
    /// Decides. `provider` has the algorithms by which certificates may be signed.
    ///
    /// # Errors
    /// Why the server is refused; nothing is sent to it.
    fn decide(&self, shown: &Shown<'_>, provider: &Arc<CryptoProvider>) -> Result<(), Error>;
}

/// Verifies servers by a decision about their certificates, and that they own the key.
#[derive(Debug)]
pub struct Verifier<T> {
    trust: T,
    provider: Arc<CryptoProvider>,
}

impl<T: Trust> Verifier<T> {
    /// On aws-lc-rs, whatever the process's default provider is.
    pub fn new(trust: T) -> Self {
        Self {
            trust,
            provider: Arc::new(aws_lc_rs::default_provider()),
        }
    }

    /// Who decides, which may know more about a refusal than the handshake's error says.
    pub fn trust(&self) -> &T {
        &self.trust
    }
}

impl<T: Trust> ServerCertVerifier for Verifier<T> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown {
            certificate: end_entity,
            issuers: intermediates,
            name: server_name,
            now,
        };
        self.trust.decide(&shown, &self.provider)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

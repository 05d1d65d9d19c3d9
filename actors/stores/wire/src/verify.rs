//! Trusting a server's certificate as much as the TLS mode asks for.

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{Error, RootCertStore};
use sluice_net::{Shown, Trust};
use std::sync::Arc;

/// Checks chain and name where asked.
#[derive(Debug)]
pub(crate) struct AsAsked {
    /// Where a chain has to lead to.
    pub(crate) roots: RootCertStore,
    /// The certificate must lead to a root.
    pub(crate) chain: bool,
    /// It must be of the server that was asked for.
    pub(crate) name: bool,
}

impl Trust for AsAsked {
    fn decide(&self, shown: &Shown<'_>, provider: &Arc<CryptoProvider>) -> Result<(), Error> {
        if !self.chain && !self.name {
            return Ok(());
        }
        let certificate = ParsedCertificate::try_from(shown.certificate)?;
        let algorithms = provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&certificate, &self.roots, shown.issuers, shown.now, algorithms)?;
        match self.name {
            true => verify_server_name(&certificate, shown.name),
            false => Ok(()),
        }
    }
}

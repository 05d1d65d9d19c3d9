//! A throw-away certificate authority.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// An authority.
pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub(crate) struct Issued {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "test factory");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn pin(&self) -> [u8; 32] {
        crate::identity::spki_pin(self.0.der()).unwrap()
    }

    pub(crate) fn issue(&self, name: &str, names: &[&str], usage: ExtendedKeyUsagePurpose) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            key,
        }
    }

    /// The certificate for a node's request.
    pub(crate) fn sign(&self, csr: &str) -> String {
        let request = CertificateSigningRequestParams::from_pem(csr).unwrap();
        request.signed_by(&self.0).unwrap().pem()
    }

    /// The TLS of a server with a leaf of this authority, which shows `shown` behind its leaf.
    pub(crate) fn https(&self, names: &[&str], shown: &[CertificateDer<'static>]) -> Arc<ServerConfig> {
        let leaf = self.issue("factory", names, ExtendedKeyUsagePurpose::ServerAuth);
        let mut chain = vec![leaf.der.clone()];
        chain.extend_from_slice(shown);
        let config = builder().with_no_client_auth().with_single_cert(chain, key(&leaf));
        Arc::new(config.unwrap())
    }

    /// The TLS of the control channel: it asks for a client certificate of this authority.
    pub(crate) fn amqps(&self) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .build()
            .unwrap();
        let leaf = self.issue(
            "factory",
            &["localhost", "127.0.0.1"],
            ExtendedKeyUsagePurpose::ServerAuth,
        );
        let config = builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![leaf.der.clone()], key(&leaf));
        Arc::new(config.unwrap())
    }
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
}

fn key(issued: &Issued) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(issued.key.serialize_der()).into()
}

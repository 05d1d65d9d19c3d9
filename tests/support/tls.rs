//! A certificate authority and a server certificate under it (rustls refuses a CA that is used as the server's own).

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::{Path, PathBuf};

/// Files of a server's identity.
#[derive(Debug)]
pub struct ServerIdentity {
    /// The authority's certificate, PEM text.
    pub ca_pem: String,
    /// Where the authority's certificate lies.
    pub ca_file: PathBuf,
    /// The server's certificate and the authority's behind it.
    pub chain_file: PathBuf,
    /// The server's private key.
    pub key_file: PathBuf,
}

/// Makes an identity for 127.0.0.1 and localhost in `dir`.
pub fn server_identity(dir: &Path) -> ServerIdentity {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "Sluice tests CA");
    let ca_key = KeyPair::generate().unwrap();
    let ca_cert = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);

    let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let cert = leaf.signed_by(&key, &issuer).unwrap();

    let write = |name: &str, text: String| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    ServerIdentity {
        ca_file: write("ca.pem", ca_cert.pem()),
        chain_file: write("server.pem", format!("{}{}", cert.pem(), ca_cert.pem())),
        key_file: write("server.key", key.serialize_pem()),
        ca_pem: ca_cert.pem(),
    }
}

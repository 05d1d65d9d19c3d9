//! The certificate that REST and the control channel present.

use super::files::{read_private_text, write_private};
use super::{Ca, failed, in_days};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sluice_contract::{Code, Fault};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

const DAYS: i64 = 397;
/// With less than this left at a start, it is renewed.
const RENEW_DAYS: i64 = 60;

/// The server's certificate chain and key.
pub(crate) struct ServerIdentity {
    /// Leaf and CA.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub(crate) key: PrivateKeyDer<'static>,
}

impl ServerIdentity {
    /// Opens `server.pem` and `server.key`; makes new ones when there are none, when they run out soon, when the names
    /// changed, or when another CA issued them.
    ///
    /// # Errors
    /// `SL9001`, or `SL1002` for a name that no certificate can carry.
    pub(crate) fn open(dir: &Path, ca: &Ca, names: &BTreeSet<String>) -> Result<Self, Fault> {
        let (key_file, certificate_file) = (dir.join("server.key"), dir.join("server.pem"));
        if let (Some(pem), Some(key)) = (read_private_text(&certificate_file)?, read_private_text(&key_file)?)
            && let Some(identity) = usable(&pem, &key, ca, names)
        {
            return Ok(identity);
        }
        let key = KeyPair::generate().map_err(|e| failed("a key for the server", e))?;
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Sluice factory");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = ca.issue(params, &key, DAYS)?;
        write_private(&key_file, key.serialize_pem().as_bytes())?;
        write_private(&certificate_file, format!("{}{}", leaf.pem(), ca.pem).as_bytes())?;
        Ok(Self::new(leaf.der().to_vec(), key.serialize_der(), ca))
    }

    fn new(leaf: Vec<u8>, key: Vec<u8>, ca: &Ca) -> Self {
        Self {
            chain: vec![leaf.into(), ca.der.clone().into()],
            key: PrivatePkcs8KeyDer::from(key).into(),
        }
    }
}

fn alternative(name: &str) -> Result<SanType, Fault> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => name
            .to_owned()
            .try_into()
            .map(SanType::DnsName)
            .map_err(|_| Fault::new(Code::ConfigInvalid, format!("{name:?} is no host name or address"))),
    }
}

/// The stored certificate, if it still serves.
fn usable(pem: &str, key_pem: &str, ca: &Ca, names: &BTreeSet<String>) -> Option<ServerIdentity> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = block.parse_x509().ok()?;
    let (_, issuer) = x509_parser::parse_x509_certificate(&ca.der).ok()?;
    let key = KeyPair::from_pem(key_pem).ok()?;
    let mine = certificate.public_key().subject_public_key.data.as_ref() == rcgen::PublicKeyData::der_bytes(&key);
    let lasts = certificate.validity().not_after.timestamp() > in_days(RENEW_DAYS);
    let issued = certificate.verify_signature(Some(issuer.public_key())).is_ok();
    let carried: BTreeSet<String> = certificate
        .subject_alternative_name()
        .ok()
        .flatten()?
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect();
    (mine && lasts && issued && carried == *names)
        .then(|| ServerIdentity::new(block.contents.clone(), key.serialize_der(), ca))
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::from(v6).to_string())
}

//! Checking a receipt: its signature, whose key that was, and whether it agrees with itself.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use serde::Deserialize;
use serde_json::Value;
use sluice_contract::receipt::{Receipt, Signed, TYPE};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::time::Duration;
use x509_parser::prelude::X509Certificate;

/// Who is believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The certificates of factories' CAs, PEM.
    Ca(String),
    /// The SHA-256 of the CA certificate that the receipt brings itself.
    Fingerprint([u8; 32]),
}

/// A receipt that was found genuine.
#[derive(Clone, Debug)]
pub struct Genuine {
    /// What it says.
    pub receipt: Receipt,
    /// SHA-256 of the node's certificate, hexadecimal.
    pub node_certificate: String,
    /// SHA-256 of the certificate of the CA that was trusted, hexadecimal.
    pub ca_certificate: String,
}

/// The header, of which every member is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

/// Reads a receipt: as it lies in a node's state directory, or as the member `receipt` of an activity's output or run.
///
/// # Errors
/// `SL7012` when it is none.
pub fn open(text: &str) -> Result<Signed, Fault> {
    let no_receipt = |why: String| Fault::new(Code::ReceiptUnreadable, why);
    let value: Value = serde_json::from_str(text).map_err(|error| no_receipt(format!("it is not JSON: {error}")))?;
    let inner = ["/receipt", "/output/receipt"]
        .iter()
        .find_map(|path| value.pointer(path));
    Signed::deserialize(inner.unwrap_or(&value)).map_err(|error| no_receipt(error.to_string()))
}

/// Checks a receipt.
///
/// # Errors
/// `SL7011` saying what is not right; `SL7012` when it has not the form of a receipt, or the CA not that of certificates.
pub fn verify(signed: &Signed, trust: &Trust) -> Result<Genuine, Fault> {
    let (header, receipt) = read(signed)?;
    let chain = chain(&header)?;
    let [leaf, rest @ ..] = chain.as_slice() else {
        return Err(no_form("its header holds no certificate"));
    };
    let parsed = parse(leaf)?;
    let signature = bytes(&signed.signature)?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &parsed.public_key().subject_public_key.data);
    key.verify(
        format!("{}.{}", signed.protected, signed.payload).as_bytes(),
        &signature,
    )
    .map_err(|_| refused("the signature does not fit: it was changed after it was signed"))?;
    let ca = trusted(leaf, rest, trust, &receipt)?;
    let named = parsed
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    if named != Some(receipt.node.id.as_str()) {
        let text = format!(
            "it says that node {} signed it, and the certificate is that of {}",
            receipt.node.id,
            named.unwrap_or("nobody")
        );
        return Err(refused(text));
    }
    receipt.check().map_err(refused)?;
    Ok(Genuine {
        receipt,
        node_certificate: fingerprint(leaf),
        ca_certificate: ca,
    })
}

/// What a receipt says, whether it is genuine or not.
///
/// # Errors
/// `SL7012` when it has not the form of one.
pub(super) fn read(signed: &Signed) -> Result<(Header, Receipt), Fault> {
    let header: Header = serde_json::from_slice(&bytes(&signed.protected)?)
        .map_err(|_| no_form("its header has other members than a receipt's"))?;
    if header.alg != "ES256" || header.typ != TYPE {
        return Err(no_form("its header is not that of a receipt signed with ES256"));
    }
    let receipt: Receipt = serde_json::from_slice(&bytes(&signed.payload)?)
        .map_err(|error| no_form(&format!("its content is not a receipt's: {error}")))?;
    Ok((header, receipt))
}

/// SHA-256, hexadecimal.
pub fn fingerprint(certificate: &[u8]) -> String {
    digest(&SHA256, certificate)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether a trusted CA certified the key, at the time of the signature; says which it was.
fn trusted(
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
    trust: &Trust,
    receipt: &Receipt,
) -> Result<String, Fault> {
    let roots: Vec<CertificateDer<'_>> = match trust {
        Trust::Ca(pem) => {
            let roots = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
            roots
                .ok()
                .filter(|roots| !roots.is_empty())
                .ok_or_else(|| no_form("the CA's file holds no certificate"))?
        }
        Trust::Fingerprint(wanted) => {
            let found = rest
                .iter()
                .find(|certificate| digest(&SHA256, certificate).as_ref() == wanted);
            let found = found.ok_or_else(|| refused("it brings no certificate with this fingerprint"))?;
            vec![found.clone()]
        }
    };
    let at = u64::try_from(receipt.issued.timestamp()).map_err(|_| refused("it was signed before 1970"))?;
    let mut why = String::new();
    for root in &roots {
        match certified(leaf, rest, root, UnixTime::since_unix_epoch(Duration::from_secs(at))) {
            Ok(()) => return Ok(fingerprint(root)),
            Err(error) => why = error,
        }
    }
    Err(refused(format!("the CA did not certify the node's key: {why}")))
}

fn certified(
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
    root: &CertificateDer<'_>,
    at: UnixTime,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(root.clone().into_owned())
        .map_err(|error| error.to_string())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .build()
        .map_err(|error| error.to_string())?;
    verifier
        .verify_client_cert(leaf, rest, at)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn chain(header: &Header) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let certificate = |text: &String| BASE64_STANDARD.decode(text).map(CertificateDer::from);
    let chain = header.x5c.iter().map(certificate).collect::<Result<_, _>>();
    chain.map_err(|_| no_form("a certificate in its header is not base64"))
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Fault> {
    let parsed = x509_parser::parse_x509_certificate(certificate);
    parsed
        .map(|(_, certificate)| certificate)
        .map_err(|_| no_form("the certificate in its header is damaged"))
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    BASE64_URL
        .decode(text)
        .map_err(|_| no_form("a part of it is not base64url"))
}

fn refused(why: impl Into<String>) -> Fault {
    Fault::new(Code::ReceiptRefused, why)
}

fn no_form(why: &str) -> Fault {
    Fault::new(Code::ReceiptUnreadable, why)
}

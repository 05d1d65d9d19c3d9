//! The certificates that a server's may lead to.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sluice_contract::{Code, Fault};

/// Mozilla's, and those of a PEM text.
///
/// # Errors
/// `SL6013` when the text holds no certificate.
pub(crate) fn roots(ca: Option<&str>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = ca {
        add(&mut roots, pem)?;
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), Fault> {
    let bad = |why: String| Fault::new(Code::PropertyMissing, format!("`caCertificate` is not usable: {why}"));
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        found += 1;
    }
    match found {
        0 => Err(bad("it holds no PEM certificate".into())),
        _ => Ok(()),
    }
}

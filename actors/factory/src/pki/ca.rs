//! The certificate authority, made at the first start.

use super::files::{read_private_text, write_private};
use super::{failed, in_days};
use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use sluice_contract::Fault;
use std::path::Path;
use std::time::Duration;
use x509_parser::pem::parse_x509_pem;

const YEARS: i64 = 10;

/// The certificate authority of one deployment.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub(crate) pem: String,
    /// Its certificate, DER.
    pub(crate) der: Vec<u8>,
    /// SHA-256 of its SubjectPublicKeyInfo: what registration keys pin.
    pub(crate) pin: [u8; 32],
}

impl Ca {
    /// Opens `ca.pem` and `ca.key` in a directory, and makes them when there are none.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn open(dir: &Path, deployment: &str) -> Result<Self, Fault> {
        let (key_file, certificate_file) = (dir.join("ca.key"), dir.join("ca.pem"));
        let key = match read_private_text(&key_file)? {
            Some(pem) => KeyPair::from_pem(&pem).map_err(|e| failed("ca.key", e))?,
            None if certificate_file.exists() => {
                return Err(failed(
                    "ca.key",
                    "it is missing although ca.pem is there; restore both from a backup",
                ));
            }
            None => {
                let key = KeyPair::generate().map_err(|e| failed("a key for the CA", e))?;
                write_private(&key_file, key.serialize_pem().as_bytes())?;
                key
            }
        };
        // The key is written first, so a crash in between leaves a key without a certificate: one is made for it.
        let pem = match read_private_text(&certificate_file)? {
            Some(pem) => pem,
            None => {
                let pem = self_signed(&key, deployment)?;
                write_private(&certificate_file, pem.as_bytes())?;
                pem
            }
        };
        let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|e| failed("ca.pem", e))?;
        let certificate = block.parse_x509().map_err(|e| failed("ca.pem", e))?;
        let spki = certificate.public_key();
        if spki.subject_public_key.data.as_ref() != key.der_bytes() {
            return Err(failed("ca.pem", "it does not belong to ca.key"));
        }
        let mut pin = [0; 32];
        pin.copy_from_slice(digest(&SHA256, spki.raw).as_ref());
        let der = block.contents.clone();
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(&pem, key).map_err(|e| failed("ca.pem", e))?,
            pem,
            der,
            pin,
        })
    }

    /// Issues a certificate for somebody else's public key. The validity is from an hour ago for `days` days.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn issue(
        &self,
        mut params: CertificateParams,
        key: &impl PublicKeyData,
        days: i64,
    ) -> Result<rcgen::Certificate, Fault> {
        valid_for(&mut params, days)?;
        params.use_authority_key_identifier_extension = true;
        params
            .signed_by(key, &self.issuer)
            .map_err(|e| failed("a certificate", e))
    }
}

fn self_signed(key: &KeyPair, deployment: &str) -> Result<String, Fault> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Sluice factory CA {deployment}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, YEARS * 365)?;
    params
        .self_signed(key)
        .map(|c| c.pem())
        .map_err(|e| failed("the CA's certificate", e))
}

fn valid_for(params: &mut CertificateParams, days: i64) -> Result<(), Fault> {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |seconds: i64| epoch + Duration::from_secs(seconds.unsigned_abs());
    // Machines whose clocks are a little behind should not refuse it.
    params.not_before = at(in_days(0) - 3600);
    params.not_after = at(in_days(days));
    let serial = crate::wire::random()?;
    params.serial_number = Some(SerialNumber::from_slice(&serial[..16]));
    Ok(())
}

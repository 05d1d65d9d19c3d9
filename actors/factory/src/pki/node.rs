//! A node's certificate, issued for the key of its request.

use super::{Ca, in_days};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType, SubjectPublicKeyInfo};
use sluice_contract::{Code, Fault, GatewayId, NodeId};
use x509_parser::prelude::FromDer;

/// Nodes register again, or renew, within this time.
const DAYS: i64 = 30;

/// A certificate that was issued to a node.
pub(crate) struct NodeCertificate {
    /// PEM.
    pub(crate) pem: String,
    /// SHA-256 of its DER, hexadecimal.
    pub(crate) fingerprint: String,
    /// When it runs out, microseconds since 1970.
    pub(crate) expires: i64,
}

impl NodeCertificate {
    /// Issues a client certificate for the public key in a certificate request. Whatever else the request asks for is
    /// ignored: a node does not choose its own name.
    ///
    /// # Errors
    /// `SL2007` when the request is not signed by its own key, or that key is not of ECDSA P-256, P-384 or Ed25519.
    pub(crate) fn issue(
        ca: &Ca,
        csr_pem: &str,
        factory: &str,
        gateway: &GatewayId,
        node: &NodeId,
    ) -> Result<Self, Fault> {
        let invalid = |why: &str| Fault::new(Code::CsrInvalid, format!("the certificate request {why}"));
        let (_, block) =
            x509_parser::pem::parse_x509_pem(csr_pem.as_bytes()).map_err(|_| invalid("is not PEM text"))?;
        let (_, request) = x509_parser::certification_request::X509CertificationRequest::from_der(&block.contents)
            .map_err(|_| invalid("is not PKCS #10"))?;
        request
            .verify_signature()
            .map_err(|_| invalid("is not signed by its own key"))?;
        let key = SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw)
            .map_err(|_| invalid("has a key of an unknown kind"))?;
        let algorithm = rcgen::PublicKeyData::algorithm(&key);
        let accepted = [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ED25519,
        ];
        if !accepted.contains(&algorithm) {
            return Err(invalid("has a key that is not ECDSA P-256, P-384 or Ed25519"));
        }
        let name = format!("spiffe://{factory}/gateway/{gateway}/node/{node}");
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, node.as_str());
        params.subject_alt_names = vec![SanType::URI(
            name.try_into()
                .map_err(|_| Fault::new(Code::Internal, "a SPIFFE id is not ASCII"))?,
        )];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = ca.issue(params, &key, DAYS)?;
        Ok(Self {
            pem: certificate.pem(),
            fingerprint: crate::wire::sha256_hex(certificate.der()),
            expires: in_days(DAYS) * 1_000_000,
        })
    }
}

//! Signing with the key of the node's certificate.

use crate::identity::Identity;
use crate::state::{StateDir, read_key, read_public};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sluice_contract::receipt::{Receipt, Signed, Signer, TYPE};
use sluice_contract::{Code, Fault};
use std::path::Path;

/// A node's key, with the certificates that say whose it is.
pub(crate) struct NodeSigner {
    key: EcdsaKeyPair,
    /// The header, base64url.
    protected: String,
    /// Who signs.
    pub(crate) who: Signer,
}

impl NodeSigner {
    /// Reads key and certificates. Blocks.
    ///
    /// # Errors
    /// `SL5007` when the key cannot be read or is not of P-256, `SL8006` for the certificates.
    pub(crate) fn load(state: &StateDir, identity: &Identity) -> Result<Self, Fault> {
        let path = state.node_key();
        let damaged =
            |why: &str| Fault::new(Code::VaultUnavailable, format!("{}: {why}", path.display())).retryable(false);
        let pem = read_key(&path)?.ok_or_else(|| damaged("the file is missing"))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| damaged("it holds no private key"))?;
        let mut chain = certificates(&state.node_certificate())?;
        chain.extend(certificates(&state.ca_file())?);
        Self::new(&key, &chain, identity).ok_or_else(|| damaged("its key is not of P-256"))
    }

    /// From a key, and its certificate with those that certify it; none when the key is not of P-256.
    pub(crate) fn new(key: &PrivateKeyDer<'_>, chain: &[CertificateDer<'_>], identity: &Identity) -> Option<Self> {
        let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_der()).ok()?;
        let chain: Vec<String> = chain
            .iter()
            .map(|certificate| BASE64_STANDARD.encode(certificate))
            .collect();
        let header = json!({ "alg": "ES256", "typ": TYPE, "x5c": chain });
        Some(Self {
            key,
            protected: BASE64_URL.encode(header.to_string()),
            who: Signer {
                id: identity.node.clone(),
                name: identity.node_name.clone(),
                gateway: identity.gateway.clone(),
                gateway_name: identity.gateway_name.clone(),
                factory: identity.factory.clone(),
                factory_name: identity.factory_name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        })
    }

    /// Signs a receipt.
    ///
    /// # Errors
    /// `SL9002` when the cryptography fails.
    pub(crate) fn sign(&self, receipt: &Receipt) -> Result<Signed, Fault> {
        let failed = |why: String| Fault::new(Code::Internal, format!("the receipt was not signed: {why}"));
        let payload = serde_json::to_vec(receipt).map_err(|error| failed(error.to_string()))?;
        let payload = BASE64_URL.encode(payload);
        let signed = format!("{}.{payload}", self.protected);
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| failed("the key did not sign".to_owned()))?;
        Ok(Signed {
            payload,
            protected: self.protected.clone(),
            signature: BASE64_URL.encode(signature),
        })
    }
}

impl std::fmt::Debug for NodeSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeSigner")
            .field("who", &self.who)
            .finish_non_exhaustive()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let broken = |why: String| Fault::new(Code::NodeStateFailed, format!("{}: {why}", path.display()));
    let text = read_public(path)?.ok_or_else(|| broken("the file is missing".to_owned()))?;
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes());
    certificates
        .collect::<Result<_, _>>()
        .map_err(|error| broken(error.to_string()))
}

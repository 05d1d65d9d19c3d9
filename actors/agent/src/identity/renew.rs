//! The node's next certificate, asked for before the present one ends. The key stays: what was signed with it can be checked as
//! before, and nothing has to be replaced together with the certificate.

use super::{Identity, ask_factory};
use crate::state::{StateDir, read_key, write_private};
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sluice_contract::enrol::{NodeAsks, Renewed};
use sluice_contract::{Code, Fault};
use sluice_net::Network;

/// Asks the factory for another certificate and writes it down.
///
/// # Errors
/// `SL2006` and `SL2021` for the factory, `SL5007` for the node's key, `SL8006` for its files.
pub(crate) async fn renew(state: &StateDir, outward: &Network, identity: &Identity) -> Result<(), Fault> {
    let (home, name) = (state.clone(), identity.node_name.clone());
    let (key, csr) = blocking(move || request(&home, &name)).await?;
    let answer = ask_factory(state, Some(outward), NodeAsks::Renew { csr }).await?;
    let unusable = |why: &str| {
        let message = format!("the factory's answer is not usable: {why}");
        Fault::new(Code::FactoryUnreachable, message)
    };
    let renewed: Renewed = serde_json::from_slice(&answer).map_err(|_| unusable("it is not understood"))?;
    let certificate = CertificateDer::from_pem_slice(renewed.certificate.as_bytes())
        .map_err(|_| unusable("it holds no certificate"))?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(&certificate).map_err(|_| unusable("its certificate is damaged"))?;
    if parsed.public_key().raw != key.subject_public_key_info() {
        return Err(unusable("its certificate is for another key"));
    }
    let path = state.node_certificate();
    blocking(move || write_private(&path, renewed.certificate.as_bytes())).await
}

fn request(state: &StateDir, name: &str) -> Result<(KeyPair, String), Fault> {
    let missing = || Fault::new(Code::VaultUnavailable, "node.key is missing, or is no private key").retryable(false);
    let pem = read_key(&state.node_key())?.ok_or_else(missing)?;
    let key = std::str::from_utf8(&pem).map_err(|_| missing())?;
    let key = KeyPair::from_pem(key).map_err(|_| missing())?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let csr = params.serialize_request(&key).and_then(|request| request.pem());
    let csr = csr.map_err(|e| Fault::new(Code::Internal, format!("no certificate request: {e}")))?;
    Ok((key, csr))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("a step of the renewal failed: {e}"))))
}

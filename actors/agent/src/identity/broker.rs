//! The message broker that carries the control channel, where the factory named one at the registration: `broker.json`.

use super::Identity;
use crate::options::Tuning;
use crate::state::{StateDir, read_key, read_public, write_private};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sluice_channel::rabbit::broker_tls;
use sluice_channel::signed::{FactorySigned, PublicKey, Signed, Signer};
use sluice_channel::{BrokerAddress, ControlChannel, Peer, Rabbit, RabbitOptions, Side};
use sluice_contract::enrol::BrokerAccess;
use sluice_contract::{Code, Fault};
use sluice_net::Network;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Keeps what the factory said, or that it said nothing.
///
/// # Errors
/// `SL8006`.
pub(super) fn store(state: &StateDir, access: Option<&BrokerAccess>) -> Result<(), Fault> {
    let path = state.broker_file();
    let failed = |e: &dyn std::fmt::Display| Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display()));
    match access {
        Some(access) => {
            let text = Zeroizing::new(serde_json::to_vec(access).map_err(|e| failed(&e))?);
            write_private(&path, &text)
        }
        None => match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(&e)),
            _ => Ok(()),
        },
    }
}

/// A channel and the address it goes to.
pub(crate) type ChannelAt = (Arc<dyn ControlChannel>, String);

/// The channel over the broker and its address, if there is one.
///
/// # Errors
/// `SL5007` for files with secrets, `SL8006` for others, `SL3007` for an address or certificates that cannot be used.
pub(crate) fn broker_channel(
    state: &StateDir,
    identity: &Identity,
    tuning: &Tuning,
    outward: &Network,
) -> Result<Option<ChannelAt>, Fault> {
    let path = state.broker_file();
    let Some(text) = read_key(&path)? else { return Ok(None) };
    let broken = |path: &Path, why: &str| Fault::new(Code::NodeStateFailed, format!("{}: {why}", path.display()));
    // The text of the error could quote the password.
    let access: BrokerAccess =
        serde_json::from_slice(&text).map_err(|_| broken(&path, "it is damaged; register the node again"))?;
    let certificate = read_public(&state.node_certificate())?
        .ok_or_else(|| broken(&state.node_certificate(), "the file is missing"))?;
    let der = CertificateDer::from_pem_slice(certificate.as_bytes())
        .map_err(|_| broken(&state.node_certificate(), "it holds no certificate"))?;
    let missing = || Fault::new(Code::VaultUnavailable, "node.key is missing, or is no private key").retryable(false);
    let key = read_key(&state.node_key())?.ok_or_else(missing)?;
    let key = std::str::from_utf8(&key).map_err(|_| missing())?;
    let private = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| missing())?;
    let signer = Signer::new(private.secret_der(), Some(&der))?;
    let me = Peer {
        gateway: identity.gateway.clone(),
        node: identity.node.clone(),
    };
    let address: BrokerAddress = access.address.parse()?;
    let shown = address.to_string();
    let rabbit = Rabbit::new(RabbitOptions {
        address,
        password: Zeroizing::new(access.password.clone()),
        // Shown to a broker that asks for a certificate.
        tls: broker_tls(access.ca.as_deref(), Some((&certificate, key)))?,
        factory: identity.factory.clone(),
        side: Side::Node(me.clone()),
        idle_timeout: tuning.idle_timeout,
        deadline: tuning.deadline,
        network: outward.clone(),
    });
    let judge = FactorySigned::new(PublicKey::parse(&access.factory_key)?, me);
    Ok(Some((Arc::new(Signed::new(Arc::new(rabbit), signer, judge)), shown)))
}

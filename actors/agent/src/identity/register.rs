//! Registration: a node becomes a member of its gateway.

use super::pin::spki_pin;
use super::{Addresses, Identity, broker, request};
use crate::state::{StateDir, StateLock, read_key, write_private};
use crate::vault::{Passphrase, certificate_to_register, handover};
use chrono::Utc;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sluice_contract::enrol::{EnrolReply, EnrolRequest, RegistrationKey};
use sluice_contract::{Code, Fault, GatewayId, NodeId};
use sluice_net::Network;
use sluice_seal::KeyKind;
use std::path::PathBuf;
use zeroize::{Zeroize, Zeroizing};

/// What a registration needs.
#[derive(Clone, Debug)]
pub struct RegisterOptions {
    /// Where the node keeps its state. Made when it is not there.
    pub state_dir: PathBuf,
    /// The gateway's registration key.
    pub key: RegistrationKey,
    /// The name of this node among the nodes of its gateway.
    pub node_name: String,
    /// Whether it takes the place of the node that is registered here, and of the gateway's node of the same name.
    pub replace: bool,
    /// The kind of the gateway's credential key, where this node makes it.
    pub key_kind: KeyKind,
    /// What the credential key is encrypted with, where it is not the vault's own.
    pub passphrase: Option<Passphrase>,
    /// Whether another node of the gateway shall hand its keys over, once an administrator there has approved.
    pub await_approval: bool,
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Registered {
    /// The gateway.
    pub gateway: GatewayId,
    /// The gateway's name in its data factory.
    pub gateway_name: String,
    /// The data factory's name.
    pub factory_name: String,
    /// The node's id.
    pub node: NodeId,
    /// The node's name.
    pub node_name: String,
    /// What an administrator of another node compares before he has the gateway's keys handed over, where the node waits for
    /// that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// Registers this machine as a node of the key's gateway. A registration that broke off may simply be repeated.
///
/// # Errors
/// `SL2004` when a node is registered here already, `SL2008` when an agent uses the directory, `SL2001`, `SL2002`, `SL2003`,
/// `SL2006` for key and factory (the key is sent to nobody but the factory that issued it), `SL5007` and `SL8006` for files.
pub async fn register(options: RegisterOptions) -> Result<Registered, Fault> {
    let RegisterOptions {
        state_dir,
        key,
        node_name,
        replace,
        key_kind,
        passphrase,
        await_approval,
    } = options;
    let name = node_name.clone();
    let gateway = key.gateway.clone();
    let prepare = move || {
        let vault = match await_approval {
            true => Credential::Awaited,
            false => Credential::Own(key_kind, passphrase.as_ref()),
        };
        prepare(
            &StateDir::at(&state_dir),
            &gateway,
            &name,
            replace,
            vault,
            passphrase.as_ref(),
        )
    };
    let prepared = blocking(prepare).await?;
    let mut request = EnrolRequest {
        key: key.expose(),
        csr: prepared.csr.clone(),
        node_name: node_name.clone(),
        credential_certificate: prepared.credential_certificate.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: crate::machine::name(),
        replace,
        awaits_keys: await_approval,
    };
    let reply = request::enrol(&prepared.outward, &key, &request).await;
    request.key.zeroize();
    let reply = reply?;
    check(&reply, &key, &prepared.key)?;
    let registered = Registered {
        gateway: reply.gateway.clone(),
        gateway_name: reply.gateway_name.clone(),
        factory_name: reply.factory_name.clone(),
        node: reply.node.clone(),
        node_name: node_name.clone(),
        fingerprint: await_approval
            .then(|| handover::fingerprint(&prepared.credential_certificate))
            .transpose()?,
    };
    let identity = Identity {
        gateway: reply.gateway,
        gateway_name: reply.gateway_name,
        factory: key.factory.clone(),
        factory_name: reply.factory_name,
        node: reply.node,
        node_name,
        amqp_endpoint: reply.amqp_endpoint,
        https_endpoint: reply.https_endpoint,
        registered: Utc::now(),
    };
    let (certificate, ca, access, replicas) = (reply.certificate, reply.ca, reply.broker, reply.replicas);
    blocking(move || {
        broker::store(&prepared.state, access.as_ref())?;
        store(&prepared, &certificate, &ca, &identity)?;
        Addresses::renew(&prepared.state, &identity, &replicas)
    })
    .await?;
    Ok(registered)
}

/// What is made on this machine before the factory is asked.
struct Prepared {
    state: StateDir,
    key: KeyPair,
    csr: String,
    credential_certificate: String,
    /// The way to the factory.
    outward: Network,
    _lock: StateLock,
}

/// The certificate that the node brings.
enum Credential<'a> {
    /// The gateway's, which it holds or makes.
    Own(KeyKind, Option<&'a Passphrase>),
    /// One to which the gateway's keys are to be sealed.
    Awaited,
}

fn prepare(
    state: &StateDir,
    gateway: &GatewayId,
    node_name: &str,
    replace: bool,
    credential: Credential<'_>,
    given: Option<&Passphrase>,
) -> Result<Prepared, Fault> {
    if !replace {
        refuse_registered(state)?;
    }
    let state = StateDir::create(state.path())?;
    let lock = StateLock::take(&state)?;
    // Another registration may have been quicker.
    if !replace {
        refuse_registered(&state)?;
    }
    let key = node_key(&state, replace)?;
    let library = |e: rcgen::Error| Fault::new(Code::Internal, format!("no certificate request: {e}"));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, node_name);
    let csr = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(library)?;
    let outward = crate::proxy::outward(&state, given)?;
    let credential_certificate = match credential {
        Credential::Own(kind, passphrase) => certificate_to_register(&state, gateway.as_str(), kind, passphrase)?,
        Credential::Awaited => handover::begin(&state, node_name)?,
    };
    Ok(Prepared {
        state,
        key,
        csr,
        credential_certificate,
        outward,
        _lock: lock,
    })
}

fn refuse_registered(state: &StateDir) -> Result<(), Fault> {
    if !Identity::exists(state) {
        return Ok(());
    }
    let identity = Identity::load(state)?;
    Err(Fault::new(
        Code::AlreadyRegistered,
        format!(
            "{} holds the node {} of gateway {}",
            state.path().display(),
            identity.node_name,
            identity.gateway_name
        ),
    ))
}

/// The node's key: that of a registration that broke off, or a fresh one.
fn node_key(state: &StateDir, replace: bool) -> Result<KeyPair, Fault> {
    let path = state.node_key();
    // A node that is replaced keeps its key until the new one is registered.
    let registered = replace && Identity::exists(state);
    if !registered
        && let Some(pem) = read_key(&path)?
        && let Ok(key) = std::str::from_utf8(&pem)
            .map_err(drop)
            .and_then(|pem| KeyPair::from_pem(pem).map_err(drop))
    {
        return Ok(key);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map_err(|e| Fault::new(Code::Internal, format!("no node key: {e}")))?;
    if !registered {
        write_private(&path, Zeroizing::new(key.serialize_pem()).as_bytes())?;
    }
    Ok(key)
}

/// The answer must be for this gateway and this key, and its CA the pinned one.
fn check(reply: &EnrolReply, key: &RegistrationKey, node_key: &KeyPair) -> Result<(), Fault> {
    let wrong = |what: &str| {
        Fault::new(
            Code::FactoryUnreachable,
            format!("the factory's answer is not usable: {what}"),
        )
        .retryable(false)
    };
    if reply.gateway != key.gateway {
        return Err(wrong("it is for another gateway"));
    }
    let certificate = CertificateDer::from_pem_slice(reply.certificate.as_bytes())
        .map_err(|_| wrong("it holds no node certificate"))?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(&certificate).map_err(|_| wrong("its node certificate is damaged"))?;
    if parsed.public_key().raw != node_key.subject_public_key_info() {
        return Err(wrong("its node certificate is for another key"));
    }
    let mut authorities = CertificateDer::pem_slice_iter(reply.ca.as_bytes());
    if !authorities.any(|ca| ca.is_ok_and(|ca| spki_pin(&ca) == Some(key.ca_pin))) {
        return Err(Fault::new(
            Code::CaPinMismatch,
            "the CA in the factory's answer is not the one the key names",
        ));
    }
    Ok(())
}

fn store(prepared: &Prepared, certificate: &str, ca: &str, identity: &Identity) -> Result<(), Fault> {
    let state = &prepared.state;
    let text =
        toml::to_string(identity).map_err(|e| Fault::new(Code::NodeStateFailed, format!("gateway.toml: {e}")))?;
    write_private(
        &state.node_key(),
        Zeroizing::new(prepared.key.serialize_pem()).as_bytes(),
    )?;
    write_private(&state.ca_file(), ca.as_bytes())?;
    write_private(&state.node_certificate(), certificate.as_bytes())?;
    // Last: with this file the node is registered.
    write_private(&state.gateway_file(), text.as_bytes())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Fault::new(
            Code::Internal,
            format!("a step of the registration failed: {e}"),
        ))
    })
}

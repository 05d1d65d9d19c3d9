//! What a registered node asks of its factory outside of the channel: signed with the key of its certificate.

use super::request::{causes, exchange};
use super::tls::{builder, roots};
use super::{Addresses, Identity};
use crate::state::{StateDir, read_key, read_public};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::Utc;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sluice_contract::enrol::{NodeAsks, NodeOrder, NodeRequest};
use sluice_contract::{Code, Fault};
use sluice_http::Guard;
use sluice_net::Network;
use std::time::Duration;
use url::Url;

const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(30);

/// Signs what is asked for, sends it to the factory and waits for its answer. Without a way outward it is that of a command
/// on this machine.
///
/// # Errors
/// `SL2005` when the node is not registered, `SL2006` when the factory cannot be reached, and what it answers: `SL2020`,
/// `SL2021`, `SL5030`.
pub(crate) async fn ask_factory(state: &StateDir, outward: Option<&Network>, what: NodeAsks) -> Result<Vec<u8>, Fault> {
    let (state, given) = (state.clone(), outward.cloned());
    let prepare = move || {
        let outward = match given {
            Some(given) => given,
            None => crate::proxy::outward(&state, None)?,
        };
        prepare(&state, what).map(|prepared| (prepared, outward))
    };
    let ((addresses, request, tls), outward) = tokio::task::spawn_blocking(prepare)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("a request was not signed: {e}"))))?;
    let (builder, guard) = sluice_http::client(&outward);
    let client = builder
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .build()
        .map_err(|e| Fault::new(Code::Internal, format!("no HTTPS client: {}", causes(&e))))?;
    let mut failed = Fault::new(Code::FactoryUnreachable, "no address of the factory is known");
    for address in addresses.https() {
        match ask(&client, &guard, &address, &request).await {
            // Another replica may be there.
            Err(fault) if matches!(fault.code, Code::FactoryUnreachable | Code::NodeStateFailed) => failed = fault,
            other => return other,
        }
    }
    Err(failed)
}

async fn ask(client: &reqwest::Client, guard: &Guard, address: &str, request: &NodeRequest) -> Result<Vec<u8>, Fault> {
    let mut url = Url::parse(address).map_err(|_| {
        Fault::new(
            Code::NodeStateFailed,
            "gateway.toml: the factory's address is not usable",
        )
    })?;
    url.set_path("/enrol/v1/node");
    let place = url.host_str().unwrap_or_default().to_owned();
    guard.permit(&url).await?;
    exchange(client.post(url).json(request), &place, |_| None).await
}

fn prepare(state: &StateDir, what: NodeAsks) -> Result<(Addresses, NodeRequest, rustls::ClientConfig), Fault> {
    let identity = Identity::load(state)?;
    let missing = || Fault::new(Code::VaultUnavailable, "node.key is missing, or is no private key").retryable(false);
    let certificate = read_public(&state.node_certificate())?
        .ok_or_else(|| Fault::new(Code::NodeStateFailed, "node.pem is missing"))?;
    let pem = read_key(&state.node_key())?.ok_or_else(missing)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| missing())?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_der()).map_err(|_| missing())?;
    let order = NodeOrder {
        at: Utc::now().timestamp(),
        node: identity.node.clone(),
        what,
    };
    let failed = |e: &dyn std::fmt::Display| Fault::new(Code::Internal, format!("the request: {e}"));
    let order = serde_json::to_string(&order).map_err(|e| failed(&e))?;
    let signature = key
        .sign(&SystemRandom::new(), order.as_bytes())
        .map_err(|e| failed(&e))?;
    let request = NodeRequest {
        certificate,
        signature: BASE64_STANDARD.encode(signature.as_ref()),
        order,
    };
    let tls = builder()?.with_root_certificates(roots(state)?).with_no_client_auth();
    Ok((Addresses::load(state, &identity)?, request, tls))
}

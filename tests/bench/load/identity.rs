//! Registering many nodes.

use futures::{StreamExt, TryStreamExt, stream};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sluice_channel::{AmqpChannel, AmqpOptions, Peer};
use sluice_contract::enrol::EnrolReply;
use sluice_tests::rest::Rest;
use std::sync::Arc;
use std::time::Duration;

/// Nodes of one gateway: as many as a gateway has places for.
const PER_GATEWAY: usize = 4;
/// Requests under way.
const AT_ONCE: usize = 8;

/// What a node got by registering.
pub(super) struct Identity {
    pub(super) peer: Peer,
    pub(super) channel: AmqpChannel,
}

/// The name of a gateway.
pub(super) fn gateway(number: usize) -> String {
    format!("load{number}")
}

/// Registers so many nodes, at most so many on one gateway.
pub(super) async fn register(rest: &Rest, nodes: usize, per_gateway: usize) -> Vec<Identity> {
    rest.put("", &json!({ "location": "here" })).await.ok();
    let per_gateway = per_gateway.clamp(1, PER_GATEWAY);
    let credential = sluice_seal::generate_key_of(sluice_seal::KeyKind::P256, "load").unwrap();
    let certificate = &credential.certificate_pem;
    let all: Vec<Vec<Identity>> = stream::iter(0..nodes.div_ceil(per_gateway))
        .map(|number| async move {
            let key = rest.make_gateway(&gateway(number)).await;
            let mut members = Vec::new();
            for member in 0..per_gateway.min(nodes - number * per_gateway) {
                members.push(enrol(rest, &key, &format!("node{member}"), certificate).await);
            }
            Ok::<_, std::convert::Infallible>(members)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .unwrap();
    all.into_iter().flatten().collect()
}

async fn enrol(rest: &Rest, key: &str, name: &str, certificate: &str) -> Identity {
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(Vec::<String>::new()).unwrap();
    let csr = params.serialize_request(&own).unwrap().pem().unwrap();
    let body = json!({ "key": key, "csr": csr, "node_name": name, "credential_certificate": certificate,
        "version": "0.1.0", "machine": "load" });
    let answer = rest.raw("POST", "/enrol/v1/nodes", Some(&body.to_string())).await;
    let reply: EnrolReply = serde_json::from_value(answer.ok()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(reply.ca.as_bytes()).unwrap())
        .unwrap();
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(reply.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(own.serialize_pem().as_bytes()).unwrap(),
        )
        .unwrap();
    let peer = Peer {
        gateway: reply.gateway.clone(),
        node: reply.node.clone(),
    };
    let channel = AmqpChannel::new(AmqpOptions {
        endpoint: reply.amqp_endpoint,
        tls: Arc::new(tls),
        peer: peer.clone(),
        idle_timeout: Duration::from_secs(60),
        deadline: Duration::from_secs(60),
        network: sluice_channel::Network::open(),
    });
    Identity { peer, channel }
}

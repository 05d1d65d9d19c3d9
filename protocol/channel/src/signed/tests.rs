use super::*;
use crate::{Gatekeeper, Peer};
use chrono::{TimeDelta, Utc};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;
use sluice_contract::{Code, Message};

struct Node {
    peer: Peer,
    certificate: Vec<u8>,
    signer: Signer,
}

/// Knows one certificate.
struct Door(Vec<u8>, Peer);

impl Gatekeeper for Door {
    fn admit(&self, certificate: &[u8]) -> Result<Peer, Fault> {
        match certificate == self.0 {
            true => Ok(self.1.clone()),
            false => Err(Fault::new(Code::NodeUnknown, "not registered")),
        }
    }
}

fn node(gateway: &str, name: &str) -> Node {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    let signer = Signer::new(&key.serialize_der(), Some(&certificate)).unwrap();
    let peer = Peer {
        gateway: gateway.into(),
        node: name.into(),
    };
    Node {
        peer,
        certificate,
        signer,
    }
}

fn events(peer: &Peer) -> Address {
    Address::Events {
        gateway: Some(peer.gateway.clone()),
    }
}

fn note(peer: &Peer) -> Envelope {
    let data = json!({ "b": [1, 2.5, {"y": null, "x": "ä\u{2028}"}], "a": 1e300, "big": u64::MAX });
    let kind = "test.note".to_owned();
    let mut envelope = Envelope::new(peer.gateway.clone(), &Message::Unknown { kind, data }).node(peer.node.clone());
    envelope.expires = Some(Utc::now() + TimeDelta::seconds(60));
    envelope
}

fn signed(node: &Node, address: &Address, mut envelope: Envelope) -> Envelope {
    envelope.sig = Some(node.signer.sign(address, &envelope).unwrap());
    // As it travels.
    Envelope::decode(&envelope.encode().unwrap()).unwrap()
}

#[test]
fn a_registered_node_is_believed_about_itself_only() {
    let node = node("g", "n");
    let judge = NodesSigned::new(Arc::new(Door(node.certificate.clone(), node.peer.clone())));
    let everywhere = Address::Events { gateway: None };
    let good = signed(&node, &events(&node.peer), note(&node.peer));
    assert_eq!(judge.judge(&everywhere, &good).unwrap(), Some(node.peer.clone()));

    let refused = |envelope: &Envelope| judge.judge(&everywhere, envelope).unwrap_err().code;
    let changes: [fn(&mut Envelope); 9] = [
        |e| e.data = json!({}),
        |e| e.id.push('x'),
        |e| e.kind = "job.completed".to_owned(),
        |e| e.gateway = "h".into(),
        |e| e.node = None,
        |e| e.token = Some(7),
        |e| e.expires = None,
        |e| e.seq += 1,
        |e| drop(e.extra.insert("more".to_owned(), json!(1))),
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed);
        assert_eq!(refused(&changed), Code::MessageForged, "{changed:?}");
    }
    let mut unsigned = good.clone();
    unsigned.sig = None;
    assert_eq!(refused(&unsigned), Code::MessageForged);
    for sig in ["", ".", "..", "x.y", "!.!"] {
        unsigned.sig = Some(sig.to_owned());
        refused(&unsigned);
    }
    // Another node's certificate, and its own with another one's signature.
    let other = super::tests::node("g", "m");
    assert_eq!(
        refused(&signed(&other, &events(&node.peer), note(&node.peer))),
        Code::NodeUnknown
    );
    let (certificate, _) = good.sig.as_deref().unwrap().split_once('.').unwrap();
    let foreign = signed(&other, &events(&node.peer), note(&node.peer));
    let (_, signature) = foreign.sig.as_deref().unwrap().split_once('.').unwrap();
    let mut mixed = foreign.clone();
    mixed.sig = Some(format!("{certificate}.{signature}"));
    assert_eq!(refused(&mixed), Code::MessageForged);
    // Itself, in the name of others.
    let mut of_another = note(&node.peer);
    of_another.node = Some("m".into());
    assert_eq!(
        refused(&signed(&node, &events(&node.peer), of_another)),
        Code::MessageForged
    );
    let mut of_another = note(&node.peer);
    of_another.gateway = "h".into();
    let place = Address::Events {
        gateway: Some("h".into()),
    };
    assert_eq!(refused(&signed(&node, &place, of_another)), Code::MessageForged);
    // A replay.
    let mut old = note(&node.peer);
    old.expires = Some(Utc::now() - ALLOWANCE - TimeDelta::seconds(1));
    assert_eq!(refused(&signed(&node, &events(&node.peer), old)), Code::MessageForged);
}

#[test]
fn a_node_believes_its_factory_about_its_own_places() {
    let factory = Signer::new(&Signer::generate().unwrap(), None).unwrap();
    let key = PublicKey::parse(&factory.public().to_string()).unwrap();
    let me = Peer {
        gateway: "g".into(),
        node: "n".into(),
    };
    let judge = FactorySigned::new(key, me.clone());
    let control = Address::Control {
        gateway: me.gateway.clone(),
        node: me.node.clone(),
    };
    let jobs = Address::Jobs {
        gateway: me.gateway.clone(),
    };
    let mut envelope = note(&me);
    envelope.sig = Some(factory.sign(&control, &envelope).unwrap());
    judge.judge(&control, &envelope).unwrap();
    // The same message at another place.
    assert_eq!(judge.judge(&jobs, &envelope).unwrap_err().code, Code::MessageForged);
    // For somebody else.
    let mut other = note(&me);
    other.node = Some("m".into());
    other.sig = Some(factory.sign(&control, &other).unwrap());
    assert_eq!(judge.judge(&control, &other).unwrap_err().code, Code::MessageForged);
    // By a node that was registered.
    let mut forged = note(&me);
    forged.sig = Some(node("g", "m").signer.sign(&control, &forged).unwrap());
    assert_eq!(judge.judge(&control, &forged).unwrap_err().code, Code::MessageForged);
    assert!(PublicKey::parse("AAAA").is_err());
}

//! The gateway's keys on their way from a node that has them to one that waits for them: sealed to a certificate which the
//! waiting node made for this, and whose fingerprint an administrator has compared. The factory carries them and opens none.

use crate::identity::Identity;
use crate::state::{StateDir, read_key, read_public, write_private};
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::Utc;
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_contract::{Code, Fault, NodeId};
use sluice_seal::{GatewayKey, KeyKind, KeyRing, generate_key_of, seal, thumbprint};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What is sealed, in the place of a linked service's type: no linked service is of it, so that a credential is never
/// taken for a key, nor a key for a credential.
const KIND: &str = "SluiceGatewayKey";
const GATEWAY: &str = "gateway";
const NODE: &str = "node";
const CERTIFICATE: &str = "certificate";
const KEY: &str = "key";

// Not named as certificates and keys of the ring are: these open no credential.
fn certificate_file(state: &StateDir) -> PathBuf {
    state.vault().join("handover.crt")
}

fn key_file(state: &StateDir) -> PathBuf {
    state.vault().join("handover.key")
}

/// The certificate that this node waits with, made where there is none yet. Its key is not encrypted: it is of use until the
/// gateway's keys have come, and a node whose passphrase nobody has given yet waits, too.
///
/// # Errors
/// `SL8006`, `SL9002`.
pub(crate) fn begin(state: &StateDir, node_name: &str) -> Result<String, Fault> {
    if let Some(pem) = certificate(state)? {
        return Ok(pem);
    }
    let pair = generate_key_of(KeyKind::P256, node_name)?;
    write_private(&key_file(state), &pair.pkcs8)?;
    write_private(&certificate_file(state), pair.certificate_pem.as_bytes())?;
    Ok(pair.certificate_pem)
}

/// The certificate that this node waits with; none when it waits for nothing.
///
/// # Errors
/// `SL8006`.
pub(crate) fn certificate(state: &StateDir) -> Result<Option<String>, Fault> {
    read_public(&certificate_file(state))
}

/// The waiting is over.
///
/// # Errors
/// `SL8006`.
pub(crate) fn end(state: &StateDir) -> Result<(), Fault> {
    for path in [certificate_file(state), key_file(state)] {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Seals a pair of this gateway to the certificate of a node that waits.
///
/// # Errors
/// `SL5008`, `SL5004`.
pub(crate) fn wrap(pair: &GatewayKey, identity: &Identity, to: &NodeId, certificate: &str) -> Result<String, Fault> {
    let mut secret = Secrets::new();
    secret.insert(CERTIFICATE, pair.certificate_pem.as_str());
    // The text moves into a buffer that is wiped.
    secret.insert(KEY, BASE64_STANDARD.encode(&*pair.pkcs8));
    let bind = [
        (GATEWAY.to_owned(), identity.gateway.to_string()),
        (NODE.to_owned(), to.to_string()),
    ];
    let plaintext = Plaintext {
        v: VERSION,
        kind: KIND.to_owned(),
        bind: bind.into(),
        secret,
        iat: Utc::now().timestamp(),
        by: identity.node.to_string(),
    };
    seal(certificate, &plaintext)
}

/// Opens what was handed over, and looks whether it is for this node of this gateway.
///
/// # Errors
/// `SL5030`, and what is wrong with a token.
pub(crate) fn unwrap(state: &StateDir, identity: &Identity, keys: &[String]) -> Result<Vec<GatewayKey>, Fault> {
    let refused = |why: &str| Fault::new(Code::HandoverRefused, why);
    let own = certificate(state)?.zip(read_key(&key_file(state))?);
    let (own, key) = own.ok_or_else(|| refused("this node waits for no keys"))?;
    let mut ring = KeyRing::new();
    ring.insert(&own, &key)?;
    let open = |token: &String| {
        let plaintext = ring.open(token)?;
        let bound = |name: &str, to: &str| plaintext.bind.get(name).is_some_and(|value| value == to);
        if plaintext.kind != KIND || !bound(GATEWAY, identity.gateway.as_str()) || !bound(NODE, identity.node.as_str())
        {
            return Err(refused("what came is not for this node of this gateway"));
        }
        let (Some(certificate), Some(key)) = (plaintext.secret.get(CERTIFICATE), plaintext.secret.get(KEY)) else {
            return Err(refused("what came is no certificate with its key"));
        };
        let pkcs8 = BASE64_STANDARD.decode(key).map(Zeroizing::new);
        let pair = GatewayKey {
            certificate_pem: certificate.to_owned(),
            pkcs8: pkcs8.map_err(|_| refused("a key that came is damaged"))?,
        };
        // Says also whether the two belong together.
        KeyRing::new().insert(&pair.certificate_pem, &pair.pkcs8)?;
        Ok(pair)
    };
    keys.iter().map(open).collect()
}

/// What an administrator compares: SHA-256 of the certificate, base64url.
///
/// # Errors
/// `SL5008`.
pub(crate) fn fingerprint(certificate: &str) -> Result<String, Fault> {
    thumbprint(certificate)
}

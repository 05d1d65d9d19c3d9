use super::open::open;
use crate::tests::node::Node;
use crate::tests::pki::Ca;
use serde_json::json;
use sluice_contract::job::Endpoint;
use sluice_contract::sealed::{Plaintext, Secrets, binding};
use sluice_contract::{Code, Object};
use sluice_seal::KeyRing;

struct Fixture {
    node: Node,
    ring: KeyRing,
}

impl Fixture {
    fn new() -> Self {
        let node = Node::new(&Ca::new(), "127.0.0.1:1");
        let state = crate::state::StateDir::at(node.directory.path());
        let ring = super::read_ring(&state).unwrap();
        Self { node, ring }
    }

    /// A credential for `server`, sealed as the type `kind`.
    fn endpoint(&self, kind: &str, server: &str) -> Endpoint {
        let public = json!({ "server": server, "database": "x" })
            .as_object()
            .unwrap()
            .clone();
        let mut secret = Secrets::new();
        secret.insert("password", "canary");
        let plaintext = Plaintext {
            v: 1,
            kind: kind.to_owned(),
            bind: binding(kind, &public),
            secret,
            iat: 0,
            by: String::new(),
        };
        Endpoint {
            name: "ls".to_owned(),
            kind: kind.to_owned(),
            properties: public,
            sealed: Some(sluice_seal::seal(&self.node.certificate, &plaintext).unwrap()),
            dataset_kind: String::new(),
            dataset: Object::new(),
            activity: Object::new(),
            extra: Object::new(),
        }
    }
}

#[test]
fn a_credential_opens_for_the_server_it_was_sealed_for() {
    let fixture = Fixture::new();
    let mut endpoint = fixture.endpoint("PostgreSqlV2", "db.local");
    // Another spelling of the same server.
    endpoint.properties.insert("server".into(), "DB.local.".into());
    let properties = open(&fixture.ring, &endpoint).unwrap();
    assert_eq!(properties.text("password").as_deref(), Some("canary"));
}

#[test]
fn a_changed_server_or_type_is_refused() {
    let fixture = Fixture::new();
    let mut server = fixture.endpoint("PostgreSqlV2", "db.local");
    server.properties.insert("server".into(), "evil".into());
    let mut port = fixture.endpoint("PostgreSqlV2", "db.local");
    port.properties.insert("port".into(), 6000.into());
    let mut gone = fixture.endpoint("PostgreSqlV2", "db.local");
    gone.properties.remove("database");
    let mut kind = fixture.endpoint("PostgreSqlV2", "db.local");
    kind.kind = "AzureBlobStorage".to_owned();
    for (endpoint, what) in [
        (server, "server"),
        (port, "port"),
        (gone, "database"),
        (kind, "AzureBlobStorage"),
    ] {
        let fault = open(&fixture.ring, &endpoint).unwrap_err();
        assert_eq!(fault.code, Code::BindingMismatch);
        assert!(
            fault.message.contains(what) && !fault.message.contains("canary"),
            "{fault}"
        );
    }
}

#[test]
fn a_missing_or_foreign_credential_is_told_apart() {
    let fixture = Fixture::new();
    let mut endpoint = fixture.endpoint("PostgreSqlV2", "db.local");
    let code = |endpoint: &Endpoint| open(&fixture.ring, endpoint).unwrap_err().code;
    endpoint.sealed = Some("x.y.z".to_owned());
    assert_eq!(code(&endpoint), Code::SealedInvalid);
    endpoint.sealed = Fixture::new().endpoint("PostgreSqlV2", "db.local").sealed;
    assert_eq!(code(&endpoint), Code::UnknownCertificate);
    endpoint.sealed = None;
    // No secret at all is fine; a masked one is not.
    open(&fixture.ring, &endpoint).unwrap();
    let mask = json!({ "type": "SecureString", "value": sluice_contract::document::MASK });
    endpoint.properties.insert("password".into(), mask);
    assert_eq!(code(&endpoint), Code::CredentialMissing);
}

#[test]
fn a_vault_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let key = fixture.node.directory.path().join("vault/test.pk8");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let state = crate::state::StateDir::at(fixture.node.directory.path());
    assert_eq!(super::read_ring(&state).unwrap_err().code, Code::VaultUnavailable);
}

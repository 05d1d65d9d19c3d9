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
        let ring = super::read_ring(&state, None).unwrap();
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
    assert_eq!(super::read_ring(&state, None).unwrap_err().code, Code::VaultUnavailable);
}

mod at_rest {
    use super::super::{
        Passphrase, at_hand, change_passphrase, check_files, current_thumbprint, keep_pair, read_ring, tidy,
    };
    use crate::state::{StateDir, read_key, write_private};
    use sluice_contract::Code;
    use sluice_seal::{KeyKind, generate_key_of};
    use zeroize::Zeroizing;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    fn vault() -> (tempfile::TempDir, StateDir) {
        let temp = tempfile::tempdir().unwrap();
        let state = StateDir::create(temp.path()).unwrap();
        for _ in 0..2 {
            keep_pair(&state, &generate_key_of(KeyKind::P256, "gw").unwrap(), None).unwrap();
        }
        (temp, state)
    }

    fn opens(state: &StateDir, given: Option<&Passphrase>) -> Result<usize, Code> {
        let passphrase = at_hand(state, given).unwrap();
        let ring = read_ring(state, passphrase.as_ref()).map_err(|fault| fault.code)?;
        Ok(ring.thumbprints().count())
    }

    #[test]
    fn a_change_that_breaks_off_is_undone_or_finished() {
        let (_temp, state) = vault();
        let vault = state.vault();
        let keys = || {
            let entries = std::fs::read_dir(&vault).unwrap().map(|entry| entry.unwrap().path());
            entries
                .filter(|path| path.extension().is_some_and(|e| e == "pk8"))
                .collect::<Vec<_>>()
        };
        // Half of the new keys are written, and no marker: nothing has changed.
        let first = keys().remove(0);
        write_private(&first.with_extension("next"), b"half").unwrap();
        tidy(&state, None).unwrap();
        assert_eq!(opens(&state, None), Ok(2));
        assert!(!first.with_extension("next").exists());
        // All are written and the marker is there, as before the first of them was renamed: it is finished.
        let own = read_key(&vault.join("passphrase")).unwrap().unwrap();
        let old: Vec<_> = keys()
            .iter()
            .map(|path| (path.clone(), read_key(path).unwrap().unwrap()))
            .collect();
        change_passphrase(&state, None, Some(passphrase("another passphrase"))).unwrap();
        for (path, content) in &old {
            std::fs::rename(path, path.with_extension("next")).unwrap();
            write_private(path, content).unwrap();
        }
        write_private(&vault.join("passphrase"), &own).unwrap();
        write_private(&vault.join("changing"), b"").unwrap();
        tidy(&state, None).unwrap();
        assert_eq!(opens(&state, None), Err(Code::VaultLocked));
        assert_eq!(opens(&state, Some(&passphrase("another passphrase"))), Ok(2));
        assert_eq!(
            opens(&state, Some(&passphrase("a third passphrase"))),
            Err(Code::PassphraseWrong)
        );
        check_files(&state).unwrap();
        // And back to one of its own.
        change_passphrase(&state, Some(&passphrase("another passphrase")), None).unwrap();
        assert_eq!(opens(&state, None), Ok(2));
    }

    #[test]
    fn a_key_that_is_added_has_the_passphrase_of_the_others() {
        let (_temp, state) = vault();
        let word = passphrase("another passphrase");
        change_passphrase(&state, None, Some(word.clone())).unwrap();
        let pair = generate_key_of(KeyKind::P256, "gw").unwrap();
        let code = |given| keep_pair(&state, &pair, given).unwrap_err().code;
        assert_eq!(code(None), Code::VaultLocked);
        assert_eq!(code(Some(&passphrase("a third passphrase"))), Code::PassphraseWrong);
        keep_pair(&state, &pair, Some(&word)).unwrap();
        assert_eq!(opens(&state, Some(&word)), Ok(3));
        assert_eq!(
            current_thumbprint(&state),
            sluice_seal::thumbprint(&pair.certificate_pem).unwrap()
        );
    }

    #[test]
    fn keys_of_earlier_versions_are_encrypted_when_the_agent_starts() {
        let temp = tempfile::tempdir().unwrap();
        let state = StateDir::create(temp.path()).unwrap();
        let pair = generate_key_of(KeyKind::Rsa3072, "gw").unwrap();
        write_private(&state.vault().join("old.pem"), pair.certificate_pem.as_bytes()).unwrap();
        write_private(&state.vault().join("old.pk8"), &pair.pkcs8).unwrap();
        assert_eq!(opens(&state, None), Ok(1));
        tidy(&state, None).unwrap();
        assert_ne!(read_key(&state.vault().join("old.pk8")).unwrap().unwrap(), pair.pkcs8);
        assert_eq!(opens(&state, None), Ok(1));
    }
}

mod handed_over {
    use super::super::{certificates, handover};
    use crate::identity::Identity;
    use crate::state::StateDir;
    use sluice_contract::Code;
    use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
    use sluice_seal::{GatewayKey, KeyKind, generate_key_of, seal};

    fn identity(gateway: &str, node: &str) -> Identity {
        Identity {
            gateway: gateway.into(),
            gateway_name: "gw".to_owned(),
            factory: "f".into(),
            factory_name: "df".to_owned(),
            node: node.into(),
            node_name: "n".to_owned(),
            amqp_endpoint: String::new(),
            https_endpoint: String::new(),
            registered: chrono::Utc::now(),
        }
    }

    fn pair() -> GatewayKey {
        generate_key_of(KeyKind::Rsa3072, "gw").unwrap()
    }

    #[test]
    fn keys_open_on_the_node_they_were_sealed_for_and_nowhere_else() {
        let temp = tempfile::tempdir().unwrap();
        let state = StateDir::create(temp.path()).unwrap();
        let certificate = handover::begin(&state, "new").unwrap();
        // A registration that is repeated waits with the same.
        assert_eq!(handover::begin(&state, "new").unwrap(), certificate);
        assert!(certificates(&state).unwrap().is_empty(), "it opens no credentials");
        let (from, pair) = (identity("g", "old"), pair());
        let token = |gateway: &str, node: &str| {
            handover::wrap(&pair, &identity(gateway, "old"), &node.into(), &certificate).unwrap()
        };
        let open = |token: String, at: &Identity| {
            handover::unwrap(&state, at, &[token])
                .map(|pairs| (pairs[0].certificate_pem.clone(), pairs[0].pkcs8.to_vec()))
                .map_err(|fault| fault.code)
        };
        let new = identity("g", "new");
        assert_eq!(
            open(token("g", "new"), &new),
            Ok((pair.certificate_pem.clone(), pair.pkcs8.to_vec()))
        );
        for (gateway, node) in [("other", "new"), ("g", "other")] {
            assert_eq!(open(token(gateway, node), &new), Err(Code::HandoverRefused));
        }
        // A pair whose halves do not belong together.
        let mixed = GatewayKey {
            certificate_pem: generate_key_of(KeyKind::Rsa3072, "gw").unwrap().certificate_pem,
            pkcs8: pair.pkcs8.clone(),
        };
        let mixed = handover::wrap(&mixed, &from, &"new".into(), &certificate).unwrap();
        assert_eq!(open(mixed, &new), Err(Code::VaultUnavailable));
        // A credential of a linked service is no key.
        let mut secret = Secrets::new();
        secret.insert("password", "canary");
        let credential = Plaintext {
            v: VERSION,
            kind: "PostgreSqlV2".to_owned(),
            bind: [("gateway", "g"), ("node", "new")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            secret,
            iat: 1,
            by: String::new(),
        };
        assert_eq!(
            open(seal(&certificate, &credential).unwrap(), &new),
            Err(Code::HandoverRefused)
        );
        handover::end(&state).unwrap();
        assert_eq!(open(token("g", "new"), &new), Err(Code::HandoverRefused));
    }
}

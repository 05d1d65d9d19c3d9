//! What is genuine is found genuine, and nothing else is.

use super::keep::Keeper;
use super::sign::NodeSigner;
use super::verify::{Trust, open, verify};
use crate::identity::Identity;
use crate::state::StateDir;
use crate::tests::pki::Ca;
use chrono::{TimeDelta, Utc};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use sluice_contract::job::{ColumnDigest, CopyOutcome};
use sluice_contract::receipt::{Place, Receipt, Signed};
use sluice_contract::{Code, JobId, NodeId, RunId};

/// A node, and the factory that certified it.
struct Node {
    ca: Ca,
    signer: NodeSigner,
}

fn identity(node: &str) -> Identity {
    Identity {
        gateway: "gw-1".into(),
        gateway_name: "onprem".to_owned(),
        factory: "fac-1".into(),
        factory_name: "shop".to_owned(),
        node: NodeId::new(node),
        node_name: "box".to_owned(),
        amqp_endpoint: "localhost:5671".to_owned(),
        https_endpoint: "https://localhost:8443".to_owned(),
        registered: Utc::now(),
    }
}

impl Node {
    fn new() -> Self {
        Self::certified_as("node-1")
    }

    fn certified_as(name: &str) -> Self {
        let ca = Ca::new();
        let issued = ca.issue(name, &[], ExtendedKeyUsagePurpose::ClientAuth);
        let key = PrivatePkcs8KeyDer::from(issued.key.serialize_der()).into();
        let signer = NodeSigner::new(&key, &[issued.der, ca.der()], &identity("node-1")).unwrap();
        Self { ca, signer }
    }

    fn trust(&self) -> Trust {
        Trust::Ca(self.ca.pem())
    }

    fn sign(&self) -> Signed {
        self.signer.sign(&self.receipt()).unwrap()
    }

    fn receipt(&self) -> Receipt {
        let now = Utc::now();
        let column = |name: &str, digit: &str| ColumnDigest {
            name: name.to_owned(),
            hash: digit.repeat(16),
        };
        let outcome = CopyOutcome {
            rows_read: 102,
            rows_copied: 100,
            rows_skipped: 2,
            bytes_read: 4_000,
            bytes_written: 2_000,
            started: Some(now - TimeDelta::seconds(9)),
            finished: Some(now),
            parallel: 4,
            location: "orders.parquet".to_owned(),
            content_hash: "0123456789abcdef".repeat(2),
            columns: vec![column("id", "a"), column("name", "7")],
            extra: json!({ "dataConsistencyVerification": { "verified": "rows and content" } })
                .as_object()
                .unwrap()
                .clone(),
            ..CopyOutcome::default()
        };
        let place = |name: &str| Place {
            linked_service: name.to_owned(),
            kind: "Sqlite".to_owned(),
            dataset: "SqliteTable".to_owned(),
        };
        Receipt::of(
            &outcome,
            (JobId::new("job-1"), 2, 7),
            (RunId::new("run-1"), "nightly".to_owned(), "Copy".to_owned()),
            (place("shop"), place("lake")),
            self.signer.who.clone(),
            now,
        )
    }
}

#[test]
fn a_receipt_is_genuine_by_its_ca_or_its_fingerprint() {
    let node = Node::new();
    let signed = node.sign();
    let genuine = verify(&signed, &node.trust()).unwrap();
    assert_eq!(genuine.receipt, node.receipt_like(&genuine.receipt));
    assert_eq!(genuine.receipt.verified, "rows and content");
    let mut print = [0; 32];
    for (place, byte) in print.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&genuine.ca_certificate[2 * place..2 * place + 2], 16).unwrap();
    }
    assert_eq!(
        verify(&signed, &Trust::Fingerprint(print))
            .unwrap()
            .receipt
            .job
            .as_str(),
        "job-1"
    );
    print[0] ^= 1;
    let fault = verify(&signed, &Trust::Fingerprint(print)).unwrap_err();
    assert_eq!(fault.code, Code::ReceiptRefused);
}

impl Node {
    /// The receipt again, with the times of another one.
    fn receipt_like(&self, other: &Receipt) -> Receipt {
        Receipt {
            started: other.started,
            finished: other.finished,
            issued: other.issued,
            ..self.receipt()
        }
    }
}

#[test]
fn it_is_found_in_a_file_and_in_an_output() {
    let node = Node::new();
    let signed = json!(node.sign());
    for text in [
        signed.clone(),
        json!({ "rowsRead": 1, "receipt": signed }),
        json!({ "activityName": "Copy", "output": { "receipt": signed } }),
    ] {
        verify(&open(&text.to_string()).unwrap(), &node.trust()).unwrap();
    }
    for text in ["", "x", "[]", "{}", "{\"payload\":1}", "{\"receipt\":null}"] {
        assert_eq!(open(text).unwrap_err().code, Code::ReceiptUnreadable, "{text}");
    }
    let mut more = signed;
    more["rowsRead"] = json!(5);
    assert_eq!(open(&more.to_string()).unwrap_err().code, Code::ReceiptUnreadable);
}

#[test]
fn every_character_counts() {
    let node = Node::new();
    let trust = node.trust();
    let signed = json!(node.sign());
    for member in ["payload", "protected", "signature"] {
        let text = signed[member].as_str().unwrap();
        // Every one of them takes long: each certificate is checked for each.
        for place in (0..text.len()).step_by(7).chain([text.len() - 1]) {
            for other in ['A', 'B', 'f', '0', '_'] {
                let mut changed = text.to_owned();
                changed.replace_range(place..place + 1, &other.to_string());
                if changed == text {
                    continue;
                }
                let mut whole = signed.clone();
                whole[member] = json!(changed);
                let found = open(&whole.to_string()).and_then(|signed| verify(&signed, &trust));
                let code = found.map(drop).unwrap_err().code;
                assert!(
                    matches!(code, Code::ReceiptRefused | Code::ReceiptUnreadable),
                    "{member} at {place}: {code}"
                );
            }
        }
        let mut longer = signed.clone();
        longer[member] = json!(format!("{text}A"));
        assert!(verify(&open(&longer.to_string()).unwrap(), &trust).is_err());
    }
}

#[test]
fn only_the_node_of_this_factory_is_believed() {
    let (node, stranger) = (Node::new(), Node::new());
    let refused = |signed: &Signed, trust: &Trust| verify(signed, trust).map(drop).unwrap_err();
    let fault = refused(&node.sign(), &stranger.trust());
    assert_eq!(fault.code, Code::ReceiptRefused);
    assert!(fault.message.contains("certify"), "{fault}");
    // A node of the same factory that says it is another one.
    let other = Node::certified_as("node-2");
    let fault = refused(&other.sign(), &other.trust());
    assert!(
        fault.message.contains("node-1") && fault.message.contains("node-2"),
        "{fault}"
    );
    // What was signed by the right key, and then given another's header.
    let mut mixed = node.sign();
    mixed.protected = stranger.sign().protected;
    assert_eq!(refused(&mixed, &stranger.trust()).code, Code::ReceiptRefused);
    assert_eq!(
        refused(&node.sign(), &Trust::Ca("no PEM".to_owned())).code,
        Code::ReceiptUnreadable
    );
}

#[test]
fn a_receipt_agrees_with_itself() {
    let node = Node::new();
    type Change = fn(&mut Receipt);
    let changes: [(Change, &str); 6] = [
        (|receipt| receipt.rows.written += 1, "rows"),
        (|receipt| receipt.rows.skipped = u64::MAX, "rows"),
        (|receipt| receipt.content.rows.push('0'), "32"),
        (
            |receipt| receipt.content.columns[1].hash.replace_range(0..1, "G"),
            "name",
        ),
        (|receipt| receipt.finished += TimeDelta::hours(1), "times"),
        (|receipt| receipt.v = 2, "version"),
    ];
    for (change, said) in changes {
        let mut receipt = node.receipt();
        change(&mut receipt);
        // Signed by the node itself: it is its sums that do not fit.
        let fault = verify(&node.signer.sign(&receipt).unwrap(), &node.trust()).unwrap_err();
        assert_eq!(fault.code, Code::ReceiptRefused);
        assert!(fault.message.contains(said), "{fault}");
    }
    let mut nothing = node.receipt();
    nothing.rows = sluice_contract::receipt::Rows {
        read: 0,
        written: 0,
        skipped: 0,
    };
    assert!(nothing.check().unwrap_err().contains("no rows"));
}

#[test]
fn the_oldest_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::create(&folder.path().join("state")).unwrap();
    let keeper = Keeper::open(&state, 3).unwrap();
    let node = Node::new();
    let mut receipt = node.receipt();
    for number in 0..5 {
        receipt.job = JobId::new(format!("../job/{number}"));
        receipt.finished += TimeDelta::seconds(1);
        keeper.put(&receipt, &node.signer.sign(&receipt).unwrap()).unwrap();
    }
    let kept = super::list(&folder.path().join("state")).unwrap();
    let jobs: Vec<_> = kept
        .iter()
        .map(|kept| kept.receipt.as_ref().unwrap().job.as_str())
        .collect();
    assert_eq!(jobs, ["../job/4", "../job/3", "../job/2"]);
    for kept in kept {
        assert_eq!(kept.file.parent().unwrap(), state.receipts());
        let text = std::fs::read_to_string(&kept.file).unwrap();
        // Some day later the clocks are what they were: the times of this one lie a little ahead.
        let signed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(signed.as_object().unwrap().len(), 3);
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&kept.file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert!(
        super::list(folder.path()).unwrap().is_empty(),
        "a node that has copied nothing"
    );
}

#[test]
fn a_copy_of_files_has_a_receipt_without_rows() {
    let node = Node::new();
    let mut receipt = node.receipt();
    let outcome = CopyOutcome {
        content_hash: "1".repeat(32),
        content_form: "MD5 of files".to_owned(),
        extra: json!({ "filesRead": 3, "filesWritten": 2, "filesSkipped": 1,
            "dataConsistencyVerification": { "verified": "size and MD5" } })
        .as_object()
        .unwrap()
        .clone(),
        ..CopyOutcome::default()
    };
    let files = Receipt::of(
        &outcome,
        (receipt.job.clone(), 1, 1),
        (receipt.run.clone(), String::new(), String::new()),
        (receipt.source.clone(), receipt.sink.clone()),
        receipt.node.clone(),
        receipt.issued,
    );
    assert_eq!(
        files.files.map(|files| (files.read, files.written, files.skipped)),
        Some((3, 2, 1))
    );
    assert_eq!(
        (files.content.of.as_str(), files.verified.as_str()),
        ("MD5 of files", "size and MD5")
    );
    verify(&node.signer.sign(&files).unwrap(), &node.trust()).unwrap();
    // A copy of no rows at all has hashes that are zero.
    receipt.rows = sluice_contract::receipt::Rows {
        read: 0,
        written: 0,
        skipped: 0,
    };
    receipt.content.rows = "0".repeat(32);
    receipt
        .content
        .columns
        .iter_mut()
        .for_each(|column| column.hash = "0".repeat(16));
    verify(&node.signer.sign(&receipt).unwrap(), &node.trust()).unwrap();
}

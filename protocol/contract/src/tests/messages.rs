//! Every message of the catalogue, there and back.

use super::json::{is_within, unknown_members, value, with};
use crate::envelope::MAX_BYTES;
use crate::message::KINDS;
use crate::{Code, Envelope, GatewayId, JobId, Message};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The members that each kind of message needs, and most of those that it may have.
fn sample(kind: &str) -> Value {
    let fault = json!({"code": "SL6001", "message": "m", "retryable": true});
    let progress = json!({"stage": "copying", "rows_read": 1, "rows_written": 2, "bytes_read": 3, "bytes_written": 4,
        "rows_expected": 5, "partitions_done": 1, "partitions": 2});
    let endpoint = json!({"name": "ls", "type": "Sqlite", "properties": {"path": "/x", "x": [1]}, "sealed": "a.b.c.d.e",
        "dataset_kind": "SqliteTable", "dataset": {"table": "t"}, "activity": {"type": "SqliteSource"}, "x-endpoint": null});
    let spec = json!({"run": "r", "pipeline": "p", "activity": "a", "source": endpoint, "sink": endpoint,
        "settings": {"parallelCopies": 4}, "timeout_s": 60, "x-spec": {"y": []}});
    let outcome = json!({"rows_read": 1, "rows_copied": 1, "bytes_read": 8, "bytes_written": 8,
        "started": "2026-01-02T03:04:05.000006Z", "finished": "2026-01-02T03:04:06Z", "parallel": 2,
        "stages": {"copy": 0.5}, "location": "l", "content_hash": "00", "node": "n", "warnings": ["w"], "x-outcome": 1});
    match kind {
        "gateway.hello" => {
            json!({"version": "0.1.0", "os": "linux-x86_64", "machine": "m", "certificate": "c", "slots": 4,
            "running": [{"job": "j", "attempt": 1, "token": 7}]})
        }
        "session.welcome" => {
            json!({"epoch": 3, "heartbeat_s": 20, "lease_s": 180, "server_time": "2026-01-02T03:04:05Z",
            "concurrent_jobs_limit": 2, "reconcile": [{"job": "j", "verdict": "keep"}, {"job": "k", "verdict": "abort"}]})
        }
        "gateway.heartbeat" => json!({"slots_free": 1, "slots": 4, "cpu_percent": 12.5, "memory_available": 1,
            "busy": "b", "components": [{"id": "CredentialVault", "component": "CredentialVault", "health": "failed", "cools_down": true,
                "restarts": 2, "depth": 1, "capacity": 64, "handled": 9, "message": "Unseal", "age_ms": 7}],
            "components_left_out": 1, "leases": [{"job": "j", "attempt": 1, "token": 7, "progress": progress}]}),
        "lease.renewed" => json!({"granted": [{"job": "j", "lease_s": 180}], "revoked": [{"job": "k", "reason": "r"}]}),
        "job.dispatch" => json!({"spec": spec}),
        "job.claim" => json!({}),
        "job.reject" => json!({"fault": fault}),
        "lease.granted" => json!({"token": 7, "lease_s": 180}),
        "lease.denied" => json!({"reason": "taken"}),
        "job.progress" => json!({"progress": progress}),
        "job.prepare_commit" => json!({"rows": 1}),
        "commit.granted" | "commit.denied" => json!({"reason": "r"}),
        "job.completed" => json!({"outcome": outcome}),
        "job.output" => json!({"part": 0, "of": 2, "data": "eyJh"}),
        "job.failed" => json!({"fault": fault, "progress": progress}),
        "job.cancelled" => json!({"progress": progress}),
        "copy.share" => json!({"node": "n", "talk": {"what": "invite", "spec": spec, "copy": {"plan": [1]}}}),
        "event.ack" => json!({"ids": ["a", "b"]}),
        "job.cancel" => json!({"grace_s": 5}),
        "probe.request" => json!({"endpoint": endpoint}),
        "probe.reply" => {
            json!({"stages": [{"name": "connect", "millis": 3}, {"name": "login", "millis": 4, "fault": fault}]})
        }
        "files.look" => {
            json!({"look": "l", "endpoint": endpoint, "container": "in", "begins": "a/", "ends": ".csv", "most": 10})
        }
        "files.seen" => json!({"look": "l", "part": 0, "of": 2, "until": "a", "left_out": 1, "fault": fault,
            "files": [{"path": "a", "size": 1, "version": "v", "modified": "2026-01-02T03:04:05Z"}]}),
        "gateway.drain" | "gateway.resume" => json!({"reason": "r"}),
        "update.offer" => json!({"version": "0.2.0", "not_before": "2026-01-02T03:04:05Z"}),
        "update.status" => json!({"version": "0.1.0", "state": "UpToDate"}),
        "config.changed" | "cert.rotate" => json!({"revision": 3, "concurrent_jobs_limit": 4}),
        "key.revoked" => json!({"reason": "r"}),
        "logs.request" => json!({"since": "2026-01-02T03:04:05Z"}),
        "logs.ref" => json!({"reference": "r"}),
        "error" => json!({"fault": fault}),
        other => panic!("the message {other} has no sample here"),
    }
}

#[test]
fn every_kind_is_itself() {
    for kind in KINDS {
        let data = sample(kind);
        let message = Message::from_data(kind, &data).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(!matches!(message, Message::Unknown { .. }), "{kind}");
        assert_eq!(message.kind(), *kind);
        assert!(
            is_within(&data, &message.to_data()),
            "{kind}: {data} became {}",
            message.to_data()
        );
        assert!(message.ttl().is_none_or(|ttl| ttl.num_seconds() > 0), "{kind}");
    }
    let mut sorted = KINDS.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), KINDS.len(), "a kind is listed twice");
}

#[test]
fn outcomes_never_expire() {
    for kind in [
        "job.output",
        "job.completed",
        "job.failed",
        "job.cancelled",
        "job.reject",
    ] {
        assert_eq!(Message::from_data(kind, &sample(kind)).unwrap().ttl(), None, "{kind}");
    }
}

#[test]
fn data_of_another_form_is_refused() {
    for kind in KINDS {
        for wrong in [json!([1]), json!("x"), json!(1)] {
            let fault = Message::from_data(kind, &wrong).unwrap_err();
            assert_eq!(fault.code, Code::MessageInvalid, "{kind}: {wrong}");
        }
    }
}

#[test]
fn an_envelope_that_is_too_large_is_not_sent() {
    let data = json!("x".repeat(MAX_BYTES));
    let kind = "later.kind".to_owned();
    let envelope = Envelope::new("g".into(), &Message::Unknown { kind, data });
    assert_eq!(envelope.encode().unwrap_err().code, Code::MessageTooLarge);
    let bytes = serde_json::to_vec(&envelope).unwrap();
    assert_eq!(Envelope::decode(&bytes).unwrap_err().code, Code::MessageTooLarge);
}

proptest! {
    #[test]
    fn a_message_keeps_what_is_not_known(kind in proptest::sample::select(KINDS), extra in unknown_members()) {
        let data = with(extra, &sample(kind));
        let message = Message::from_data(kind, &data).unwrap();
        let written = message.to_data();
        prop_assert!(is_within(&data, &written), "{} became {}", data, written);
        prop_assert_eq!(Message::from_data(kind, &written).unwrap(), message);
    }

    #[test]
    fn an_unknown_message_is_kept_whole(kind in "[a-z]{1,6}\\.later", data in value()) {
        let message = Message::from_data(&kind, &data).unwrap();
        prop_assert_eq!(message.to_data(), data);
        prop_assert_eq!(message.kind(), kind);
    }

    #[test]
    fn an_envelope_comes_back_as_it_went(
        kind in proptest::sample::select(KINDS), extra in unknown_members(), outer in unknown_members(),
        attempt in any::<u32>(), token in any::<Option<u64>>(), epoch in any::<u64>(), seq in any::<u64>(),
    ) {
        let message = Message::from_data(kind, &with(extra, &sample(kind))).unwrap();
        let mut envelope = Envelope::new(GatewayId::generate(), &message).job(JobId::generate(), attempt, token).node("n".into());
        (envelope.epoch, envelope.seq, envelope.extra) = (epoch, seq, outer);
        let bytes = envelope.encode().unwrap();
        let back = Envelope::decode(&bytes).unwrap();
        prop_assert_eq!(&back, &envelope);
        prop_assert_eq!(back.encode().unwrap(), bytes);
        prop_assert_eq!(back.message().unwrap(), message);
    }
}

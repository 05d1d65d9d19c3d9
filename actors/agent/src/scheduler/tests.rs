use super::leases::work_until;
use super::live::{LiveJob, LiveJobs, Stop};
use super::pending::PendingJobs;
use super::{cancel, renewed};
use crate::tests::on_runtime;
use sluice_contract::Code;
use sluice_contract::job::JobSpec;
use sluice_contract::message::{LeaseRenewed, RenewedLease};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn spec() -> Arc<JobSpec> {
    let endpoint = serde_json::json!({ "name": "ls", "type": "TestStore", "properties": {} });
    let spec = serde_json::json!({
        "run": "r", "pipeline": "p", "activity": "a", "source": endpoint, "sink": endpoint, "timeout_s": 0
    });
    Arc::new(serde_json::from_value(spec).unwrap())
}

fn live(lease: Duration) -> Arc<LiveJob> {
    Arc::new(LiveJob::new("j".into(), 1, 10, spec(), Instant::now() + lease).0)
}

#[test]
fn a_lease_counts_from_the_claim_that_is_answered() {
    let mut pending = PendingJobs::default();
    let start = Instant::now();
    pending.accept("j".into(), 1, spec(), start);
    for (id, after) in [("c1", 0), ("c2", 20), ("c3", 40)] {
        pending.claimed(&"j".into(), id.to_owned(), start + after * SECOND);
    }
    assert!(pending.granted(&"j".into(), 2, Some("c2")).is_none());
    assert_eq!(
        pending.granted(&"j".into(), 1, Some("c2")).unwrap().asked,
        start + 20 * SECOND
    );
    assert!(pending.granted(&"j".into(), 1, Some("c2")).is_none());
    // An answer to an unknown claim is counted from the first, which is the safe side; after many claims, too.
    pending.accept("j".into(), 1, spec(), start);
    for n in 0..50 {
        pending.claimed(&"j".into(), format!("c{n}"), start + n * SECOND);
    }
    assert_eq!(pending.granted(&"j".into(), 1, None).unwrap().asked, start);
    assert_eq!(work_until(start, 100), start + 90 * SECOND);
}

#[test]
fn claims_are_repeated_and_given_up() {
    let mut pending = PendingJobs::default();
    let start = Instant::now();
    pending.reserve("kept".into(), 1, start);
    pending.accept("j".into(), 1, spec(), start);
    assert!(!pending.is_claiming(&"kept".into(), 1));
    assert!(pending.is_claiming(&"j".into(), 1) && !pending.is_claiming(&"j".into(), 2));
    assert_eq!(pending.to_claim(start, 10 * SECOND), [("j".into(), 1)]);
    pending.claimed(&"j".into(), "c".to_owned(), start);
    assert_eq!(pending.to_claim(start + 9 * SECOND, 10 * SECOND), []);
    assert_eq!(pending.to_claim(start + 10 * SECOND, 10 * SECOND), [("j".into(), 1)]);
    assert_eq!(pending.give_up(start + 60 * SECOND, 300 * SECOND), [("kept".into(), 1)]);
    assert_eq!(pending.give_up(start + 300 * SECOND, 300 * SECOND), [("j".into(), 1)]);
    assert_eq!(pending.len(), 0);
}

#[test]
fn what_is_being_published_cannot_be_stopped_and_what_is_stopped_cannot_be_published() {
    let publishing = live(60 * SECOND);
    publishing.begin_publishing().unwrap();
    assert!(!publishing.request_stop(Stop::Cancelled(SECOND)));
    assert!(!publishing.stop.is_cancelled());

    let stopped = live(60 * SECOND);
    assert!(stopped.request_stop(Stop::Revoked("gone".to_owned())));
    assert!(!stopped.request_stop(Stop::Cancelled(SECOND)));
    assert!(stopped.stop.is_cancelled());
    assert_eq!(stopped.begin_publishing().unwrap_err().code, Code::LeaseLost);

    assert_eq!(
        live(Duration::ZERO).begin_publishing().unwrap_err().code,
        Code::LeaseLost
    );
}

#[test]
fn a_late_answer_does_not_shorten_a_lease() {
    on_runtime(async {
        let jobs = LiveJobs::default();
        let live = live(Duration::from_millis(50));
        jobs.insert(Arc::clone(&live));
        let answer = |lease_s| LeaseRenewed {
            granted: vec![RenewedLease {
                job: "j".into(),
                lease_s,
                extra: Default::default(),
            }],
            ..LeaseRenewed::default()
        };
        let now = Instant::now();
        renewed(&jobs, answer(600), now);
        renewed(&jobs, answer(1), now);
        tokio::select! {
            () = live.lease_over() => panic!("the lease is over"),
            () = tokio::time::sleep(Duration::from_millis(300)) => {}
        }
        cancel(&jobs, &"j".into(), Some(2), SECOND);
        assert!(live.is_running());
        cancel(&jobs, &"j".into(), None, SECOND);
        assert!(!live.is_running());
        jobs.remove(&live);
        jobs.all_left().await;
    });
}

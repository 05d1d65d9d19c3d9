use std::time::{Duration, Instant};

use super::*;

fn policy() -> RestartPolicy {
    let mut policy = RestartPolicy::default();
    policy.backoff.randomization_factor = 0.0;
    policy
}

/// Records a fault every `every` from `start`, and gives the waits up to the first `Exhausted`.
fn waits(tracker: &mut RestartTracker, p: &RestartPolicy, start: Instant, every: Duration) -> Vec<Duration> {
    let mut waits = Vec::new();
    for fault in 0..100 {
        match tracker.record(start + every * fault, p) {
            Verdict::Now => waits.push(Duration::ZERO),
            Verdict::After(wait) => waits.push(wait),
            Verdict::Exhausted => break,
        }
    }
    waits
}

#[test]
fn waits_grow_and_the_sixth_fault_in_a_window_is_one_too_many() {
    let waits = waits(
        &mut RestartTracker::default(),
        &policy(),
        Instant::now(),
        Duration::from_secs(1),
    );
    let ms: Vec<_> = waits.iter().map(Duration::as_millis).collect();
    assert_eq!(ms, [0, 10, 20, 40, 80]);
}

#[test]
fn the_first_restart_may_wait_too() {
    let mut p = policy();
    p.first_restart_immediate = false;
    let waits = waits(
        &mut RestartTracker::default(),
        &p,
        Instant::now(),
        Duration::from_secs(1),
    );
    assert_eq!(waits[0].as_millis(), 10);
}

#[test]
fn waits_are_spread_within_their_bounds_and_capped() {
    let mut p = policy();
    p.max_restarts = 50;
    p.backoff.randomization_factor = 0.3;
    p.backoff.max_interval = Duration::from_millis(100);
    let mut spread = std::collections::HashSet::new();
    for _ in 0..20 {
        let waits = waits(
            &mut RestartTracker::default(),
            &p,
            Instant::now(),
            Duration::from_millis(1),
        );
        assert_eq!(waits.len(), 50);
        for (wait, base) in waits[1..]
            .iter()
            .zip([10.0, 20.0, 40.0, 80.0].into_iter().chain(std::iter::repeat(100.0)))
        {
            let ms = wait.as_secs_f64() * 1000.0;
            assert!(ms >= base * 0.69 && ms <= base * 1.31, "{ms} ms around {base}");
            spread.insert(wait.as_nanos());
        }
    }
    assert!(spread.len() > 100, "the waits hardly differ");
}

#[test]
fn faults_far_apart_are_never_too_many_but_waits_keep_growing_until_it_was_healthy() {
    let p = policy();
    let mut tracker = RestartTracker::default();
    let start = Instant::now();
    let verdicts: Vec<_> = (0..5).map(|n| tracker.record(start + p.window * n, &p)).collect();
    assert_eq!(verdicts[0], Verdict::Now);
    assert_eq!(verdicts[4], Verdict::After(Duration::from_millis(80)));
    let healthy = start + p.window * 4 + p.healthy_after;
    assert_eq!(tracker.record(healthy, &p), Verdict::Now);
}

#[test]
fn a_backoff_that_wants_to_give_up_is_not_asked() {
    let mut p = policy();
    p.max_restarts = 10;
    p.backoff.max_elapsed_time = Some(Duration::ZERO);
    let waits = waits(
        &mut RestartTracker::default(),
        &p,
        Instant::now(),
        Duration::from_millis(1),
    );
    assert_eq!(waits.len(), 10);
    assert!(waits[1..].iter().all(|wait| !wait.is_zero()));
}

#[test]
fn no_restarts_means_none() {
    let mut p = policy();
    p.max_restarts = 0;
    assert_eq!(RestartTracker::default().record(Instant::now(), &p), Verdict::Exhausted);
}

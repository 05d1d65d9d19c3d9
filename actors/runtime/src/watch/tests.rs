use super::*;

const STEP: Duration = Duration::from_millis(50);

fn idle() -> Sight {
    Sight {
        generation: 1,
        busy: false,
        beat_ns: 1,
        now_ns: 1,
        running: true,
        depth: 0,
        taken: 0,
        commanded: false,
    }
}

/// How long until something is found, looking at what `sight` gives for each moment; nothing within an hour.
fn found(policy: &RestartPolicy, sight: impl Fn(Duration) -> Sight) -> Option<(Duration, Finding)> {
    let mut watch = Watch::default();
    let mut now = Duration::ZERO;
    while now < Duration::from_secs(3600) {
        now += STEP;
        if let Some(finding) = watch.look(&sight(now), STEP, policy) {
            return Some((now, finding));
        }
    }
    None
}

fn ns(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap()
}

#[test]
fn an_idle_component_is_left_alone() {
    assert_eq!(found(&RestartPolicy::default(), |_| idle()), None);
}

#[test]
fn a_hang_is_found_one_look_after_its_deadline_at_the_latest() {
    let policy = RestartPolicy::default();
    let began = Duration::from_secs(10);
    let (at, finding) = found(&policy, |now| Sight {
        busy: now >= began,
        beat_ns: if now >= began { ns(began) } else { 1 },
        now_ns: ns(now),
        ..idle()
    })
    .unwrap();
    assert!(matches!(finding, Finding::Hang(stale) if stale >= policy.hang_after));
    assert!(
        at >= began + policy.hang_after && at <= began + policy.hang_after + STEP * 2,
        "{at:?}"
    );
}

#[test]
fn one_who_gives_signs_of_life_does_not_hang_however_long_the_work() {
    let found = found(&RestartPolicy::default(), |now| Sight {
        busy: true,
        // Every four seconds, and five are a hang.
        beat_ns: 1 + ns(now) / 4_000_000_000,
        now_ns: ns(now),
        ..idle()
    });
    assert_eq!(found, None);
}

#[test]
fn messages_that_nobody_takes_are_a_stall_and_slow_ones_are_not() {
    let policy = RestartPolicy::default();
    let (at, finding) = found(&policy, |_| Sight { depth: 3, ..idle() }).unwrap();
    assert_eq!((at, finding), (policy.stall_after, Finding::Stall));
    let slow = found(&policy, |now| Sight {
        depth: 3,
        taken: ns(now) / 20_000_000_000,
        ..idle()
    });
    assert_eq!(slow, None);
    // Whoever backs off or cools down has a reason to take none.
    let down = found(&policy, |_| Sight {
        depth: 3,
        running: false,
        ..idle()
    });
    assert_eq!(down, None);
}

#[test]
fn a_command_that_nobody_hears_is_a_stall() {
    let policy = RestartPolicy::default();
    let (at, finding) = found(&policy, |_| Sight {
        commanded: true,
        ..idle()
    })
    .unwrap();
    assert_eq!((at, finding), (policy.hang_after, Finding::Stall));
}

#[test]
fn a_new_generation_starts_with_a_clean_sheet() {
    let policy = RestartPolicy::default();
    let mut watch = Watch::default();
    let stuck = Sight { busy: true, ..idle() };
    assert_eq!(watch.look(&stuck, policy.hang_after - STEP, &policy), None);
    let next = Sight { generation: 2, ..stuck };
    assert_eq!(watch.look(&next, STEP, &policy), None);
    assert_eq!(watch.look(&next, policy.hang_after - STEP, &policy), None);
}

#[test]
fn a_pause_of_the_machine_is_not_held_against_components() {
    let policy = RestartPolicy::default();
    let mut watch = Watch::default();
    // Busy all the time, by its clock for an hour: but the watchdog did not run either.
    let mut sight = Sight { busy: true, ..idle() };
    assert_eq!(watch.look(&sight, STEP, &policy), None);
    let pause = Duration::from_secs(3600);
    sight.now_ns = ns(pause);
    let (counted, on_time) = step(pause, STEP);
    assert!(!on_time);
    assert_eq!(watch.look(&sight, counted, &policy), None);
    assert_eq!(step(STEP, STEP), (STEP, true));
}

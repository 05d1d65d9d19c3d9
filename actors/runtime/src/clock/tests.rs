use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use super::*;
use crate::sync::lock;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_manual_clock_stands_still_until_it_is_moved() {
    let manual = ManualClock::new();
    let clock = manual.clock();
    let before = (clock.now(), clock.now_ns());
    thread::sleep(Duration::from_millis(5));
    assert_eq!((clock.now(), clock.now_ns()), before);
    manual.advance(SECOND);
    assert_eq!(clock.now() - before.0, SECOND);
    assert_eq!(clock.now_ns() - before.1, 1_000_000_000);
}

#[test]
fn sleepers_wake_in_the_order_of_time_and_not_too_early() {
    let manual = ManualClock::new();
    let clock = manual.clock();
    let mut two = Box::pin(clock.sleep(SECOND * 2));
    let mut one = Box::pin(clock.sleep(SECOND));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(one.as_mut().poll(&mut cx).is_pending() && two.as_mut().poll(&mut cx).is_pending());
    assert_eq!(manual.waiting(), 2);
    manual.advance(SECOND);
    assert!(one.as_mut().poll(&mut cx).is_ready() && two.as_mut().poll(&mut cx).is_pending());
    drop(two);
    assert_eq!(manual.waiting(), 0);
}

#[test]
fn a_thread_has_done_its_work_before_the_clock_goes_on() {
    let manual = ManualClock::new();
    let moments = Arc::new(Mutex::new(Vec::new()));
    let worker = {
        let (clock, moments) = (manual.clock(), Arc::clone(&moments));
        thread::spawn(move || {
            let start = clock.now();
            let mut parking = clock.parking();
            for _ in 0..10 {
                parking.wait(SECOND);
                thread::sleep(Duration::from_millis(2));
                lock(&moments).push((clock.now() - start).as_secs());
            }
        })
    };
    while manual.waiting() == 0 {
        thread::yield_now();
    }
    manual.advance(SECOND * 4);
    assert_eq!(*lock(&moments), [1, 2, 3, 4]);
    // The thread ends meanwhile, which the clock notices too.
    manual.advance(SECOND * 100);
    worker.join().unwrap();
    assert_eq!(*lock(&moments), (1..=10).collect::<Vec<_>>());
}

//! A component that always has something to do is busy, not hung.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::{Handler, MessageResult};

use super::probe::{Hardy, Probe, Profile, Seen};
use super::world::{World, test, until};
use crate::{Component as _, Ctx, SendError};

struct Chew;

impl actix::Message for Chew {
    type Result = ();
}

impl<P: Profile> Handler<Chew> for Probe<P> {
    type Result = MessageResult<Chew>;

    fn handle(&mut self, _: Chew, _: &mut Ctx<Self>) -> Self::Result {
        std::thread::sleep(Duration::from_micros(200));
        MessageResult(())
    }
}

#[test]
fn a_flood_longer_than_the_hang_deadline_is_no_hang_and_timers_run() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        until("it ticks", || seen.ticks.load(Ordering::SeqCst) > 0).await;
        let before = seen.ticks.load(Ordering::SeqCst);
        let flood = Probe::<Hardy>::policy().hang_after * 3;
        let begun = Instant::now();
        while begun.elapsed() < flood {
            match handle.tell(Chew) {
                Ok(()) => {}
                Err(SendError::Full(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(SendError::Down(_)) => panic!("down"),
            }
        }
        assert!(handle.metrics().depth > 0, "it was never behind");
        let ticks = seen.ticks.load(Ordering::SeqCst) - before;
        assert!(ticks >= 20, "only {ticks} ticks of 10 ms in {flood:?}");
        assert_eq!(handle.metrics().restarts.total(), 0);
        world.root.shutdown().await;
    });
}

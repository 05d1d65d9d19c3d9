//! Everything at once, from a seed: every question is answered, and every answer belongs to one execution.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::probe::{Boom, BoomLater, Hardy, Labour, Note, Probe, Profile, Seen, StopYourself, WaitForever};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Health, RestartPolicy};

struct Tough;

impl Profile for Tough {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: u32::MAX,
            hang_after: Duration::from_millis(150),
            stall_after: Duration::from_millis(100),
            ..Hardy::policy()
        }
    }
}

/// A hang that ends after a while: the zombie wakes.
struct Nap;

impl actix::Message for Nap {
    type Result = ();
}

impl<P: Profile> actix::Handler<Nap> for Probe<P> {
    type Result = ();

    fn handle(&mut self, _: Nap, _: &mut crate::Ctx<Self>) {
        std::thread::sleep(Duration::from_millis(400));
    }
}

/// A small generator, so that a failure can be repeated.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Three, or what SLUICE_CHAOS_SECONDS says.
fn seconds() -> u64 {
    let wanted = std::env::var("SLUICE_CHAOS_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn chaos() {
    const ASKERS: u64 = 8;
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Tough>>("probe", Arc::clone(&seen));
        let end = Instant::now() + Duration::from_secs(seconds());
        let answered = Arc::new(AtomicU64::new(0));
        let askers = (0..ASKERS).map(|asker| {
            let (handle, answered) = (handle.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut number = asker;
                while Instant::now() < end {
                    number += ASKERS;
                    match handle.ask(Note { number }, PATIENCE).await {
                        Ok(answer) => {
                            assert_eq!(answer, number);
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(AskError::Restarted) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            })
        });
        let askers: Vec<_> = askers.collect();
        let mut seed = 0x5eed;
        while Instant::now() < end {
            match next(&mut seed) % 8 {
                0..=2 => drop(handle.tell(Boom {})),
                3 => drop(handle.tell(BoomLater {})),
                4 => drop(handle.tell(StopYourself {})),
                5 => drop(handle.tell(Nap)),
                6 => drop(handle.tell(WaitForever {})),
                _ => assert!(world.root.restart("probe")),
            }
            tokio::time::sleep(Duration::from_millis(next(&mut seed) % 40)).await;
            // Faults wait in the mailbox as well: more of them than can happen would only make a queue.
            until("the faults have happened", || handle.metrics().depth <= 16).await;
        }
        for asker in askers {
            asker.await.unwrap();
        }
        // A last one, behind whatever the chaos has left.
        handle.ask(Labour { time: Duration::ZERO }, PATIENCE).await.unwrap();
        until("it is quiet", || {
            let metrics = handle.metrics();
            metrics.health == Health::Running && metrics.depth == 0 && metrics.unaccounted() == 0
        })
        .await;
        let metrics = handle.metrics();
        let answered = answered.load(Ordering::SeqCst);
        let executed = u64::try_from(lock(&seen.notes).len()).unwrap();
        assert_eq!(executed, answered, "executions and answers: {metrics:?}");
        assert!(
            metrics.restarts.panic > 0 && metrics.restarts.hang > 0,
            "{:?}",
            metrics.restarts
        );
        world.root.shutdown().await;
    });
}

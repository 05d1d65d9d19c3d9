//! Everything at once, from a seed: every question is answered, and every answer belongs to one execution.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::probe::{Boom, BoomLater, Hardy, Labour, Note, Probe, Profile, Seen, StopYourself, WaitForever};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Handle, Health, RestartPolicy};

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
struct Chance(u64);

impl Chance {
    /// From SLUICE_CHAOS_SEED, else another one every time. It is printed, and nextest shows it when the test fails.
    fn seeded() -> Self {
        let wanted = std::env::var("SLUICE_CHAOS_SEED").ok();
        let seed = wanted.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(1, |time| u64::from(time.subsec_nanos()) | 1)
        });
        println!("SLUICE_CHAOS_SEED={seed}");
        Self(seed.max(1))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Three, or what SLUICE_CHAOS_SECONDS says: CI takes sixty.
fn seconds() -> u64 {
    let wanted = std::env::var("SLUICE_CHAOS_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// One component of the tree, and what was really executed in it.
#[derive(Clone)]
struct Member {
    id: &'static str,
    handle: Handle<Probe<Tough>>,
    seen: Arc<Seen>,
}

impl Member {
    /// What goes wrong, and where, is drawn from the seed alone.
    fn suffer(&self, world: &World, fault: u64) {
        match fault {
            0..=2 => drop(self.handle.tell(Boom {})),
            3 => drop(self.handle.tell(BoomLater {})),
            4 => drop(self.handle.tell(StopYourself {})),
            5 => drop(self.handle.tell(Nap)),
            6 => drop(self.handle.tell(WaitForever {})),
            _ => assert!(world.root.restart(self.id)),
        }
    }
}

/// Asks every member in turn until the end; how many answers came.
async fn ask(members: Vec<Member>, first: u64, step: u64, end: Instant) -> u64 {
    let (mut number, mut answered) = (first, 0);
    while Instant::now() < end {
        for member in &members {
            number += step;
            match member.handle.ask(Note { number }, PATIENCE).await {
                Ok(answer) => {
                    assert_eq!(answer, number);
                    answered += 1;
                }
                Err(AskError::Restarted) => {}
                Err(error) => panic!("{}: {error:?}", member.id),
            }
        }
    }
    answered
}

#[test]
fn chaos() {
    const ASKERS: u64 = 8;
    test(async {
        let world = World::new();
        let members = ["first", "second", "third"].map(|id| {
            let seen = Arc::<Seen>::default();
            let handle = world.start::<Probe<Tough>>(id, Arc::clone(&seen));
            Member { id, handle, seen }
        });
        let end = Instant::now() + Duration::from_secs(seconds());
        let askers = (0..ASKERS).map(|first| tokio::spawn(ask(members.to_vec(), first, ASKERS, end)));
        let askers: Vec<_> = askers.collect();
        let mut chance = Chance::seeded();
        while Instant::now() < end {
            let (member, fault) = (&members[chance.below(3) as usize], chance.below(8));
            member.suffer(&world, fault);
            tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
            // Faults wait in the mailbox as well: more of them than can happen would only make a queue.
            until("the faults have happened", || member.handle.metrics().depth <= 16).await;
        }
        let mut answered = 0;
        for asker in askers {
            answered += asker.await.unwrap();
        }
        let (mut executed, mut panics, mut hangs) = (0, 0, 0);
        for member in &members {
            // A last one, behind whatever the chaos has left.
            let last = Labour { time: Duration::ZERO };
            member.handle.ask(last, PATIENCE).await.unwrap();
            until("it is quiet", || {
                let metrics = member.handle.metrics();
                metrics.health == Health::Running && metrics.depth == 0 && metrics.unaccounted() == 0
            })
            .await;
            let metrics = member.handle.metrics();
            executed += u64::try_from(lock(&member.seen.notes).len()).unwrap();
            panics += metrics.restarts.panic;
            hangs += metrics.restarts.hang;
        }
        assert_eq!(executed, answered, "executions and answers");
        assert!(panics > 0 && hangs > 0, "{panics} panics, {hangs} hangs");
        println!("{executed} executions, {panics} panics, {hangs} hangs");
        world.root.shutdown().await;
    });
}

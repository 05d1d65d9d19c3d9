//! Who shares a thread gets a turn, also beside somebody who always has mail. Counted in messages, not in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix::{Actor, AsyncContext as _, Handler, Message};

use super::world::{PATIENCE, World, test, until};
use crate::context::MESSAGES_PER_TURN;
use crate::sync::lock;
use crate::{Component, Ctx, Placement, Port, RestartPolicy, Root, supervised};

const THREAD: Placement = Placement::Shared("crowded");
/// More than tokio takes tasks of its own thread before it looks at those that were woken from others (31), and before it
/// looks at anything but tasks (61).
const TRIALS: u64 = 80;
/// Messages from one trial to the next: not in step with the turns.
const BETWEEN: u64 = 611;

/// What the components share.
#[derive(Clone, Default)]
struct Floor(Arc<Parts>);

#[derive(Default)]
struct Parts {
    /// Messages that the busy one has handled.
    handled: AtomicU64,
    /// How many it handled until somebody else had a turn.
    waits: Mutex<Vec<u64>>,
    trial: OnceLock<Trial>,
}

impl Floor {
    /// Somebody has a turn who has been waiting since then.
    fn turn(&self, since: u64) {
        lock(&self.0.waits).push(self.0.handled.load(Ordering::SeqCst) - since);
    }

    async fn longest_wait(&self) -> u64 {
        until("all had their turn", || lock(&self.0.waits).len() as u64 == TRIALS).await;
        *lock(&self.0.waits).iter().max().unwrap()
    }
}

enum Trial {
    /// Another component on the thread gets a message.
    Tell(Port<Turn>),
    /// Another component is started on the thread.
    Start(Root),
}

fn policy() -> RestartPolicy {
    RestartPolicy {
        hang_after: Duration::from_secs(60),
        ..RestartPolicy::default()
    }
}

/// Always has mail: every message sends the next.
struct Busy(Floor);

impl Actor for Busy {
    type Context = Ctx<Self>;
}

impl Component for Busy {
    const NAME: &'static str = "Busy";
    type Deps = Floor;

    fn create(floor: &Floor) -> Self {
        Self(floor.clone())
    }

    fn policy() -> RestartPolicy {
        policy()
    }
}

supervised!(Busy);

struct Spin;

impl Message for Spin {
    type Result = ();
}

impl Handler<Spin> for Busy {
    type Result = ();

    fn handle(&mut self, _: Spin, ctx: &mut Ctx<Self>) {
        let handled = self.0.0.handled.fetch_add(1, Ordering::SeqCst) + 1;
        if handled.is_multiple_of(BETWEEN) && handled / BETWEEN <= TRIALS {
            match self.0.0.trial.get() {
                // From a thread of its own, and over with before this handler goes on.
                Some(Trial::Tell(port)) => {
                    let port = port.clone();
                    let sent = std::thread::spawn(move || port.tell(Turn(handled)).is_ok());
                    assert!(sent.join().unwrap());
                }
                Some(Trial::Start(root)) => {
                    let id = format!("newcomer {handled}");
                    drop(root.supervise::<Newcomer>(&id, (self.0.clone(), handled), THREAD));
                }
                None => {}
            }
        }
        // Until long after the last trial.
        if handled < BETWEEN * (TRIALS + 100) {
            assert!(ctx.handle().tell(Spin).is_ok());
        }
    }
}

/// Gets a message now and then.
struct Patient(Floor);

impl Actor for Patient {
    type Context = Ctx<Self>;
}

impl Component for Patient {
    const NAME: &'static str = "Patient";
    type Deps = Floor;

    fn create(floor: &Floor) -> Self {
        Self(floor.clone())
    }

    fn policy() -> RestartPolicy {
        policy()
    }
}

supervised!(Patient);

struct Turn(u64);

impl Message for Turn {
    type Result = ();
}

impl Handler<Turn> for Patient {
    type Result = ();

    fn handle(&mut self, since: Turn, _: &mut Ctx<Self>) {
        self.0.turn(since.0);
    }
}

/// Comes later.
struct Newcomer;

impl Actor for Newcomer {
    type Context = Ctx<Self>;
}

impl Component for Newcomer {
    const NAME: &'static str = "Newcomer";
    type Deps = (Floor, u64);

    fn create((floor, since): &(Floor, u64)) -> Self {
        floor.turn(*since);
        Self
    }

    fn policy() -> RestartPolicy {
        policy()
    }
}

supervised!(Newcomer);

/// The rest of the turn, and one more when it is tokio's to look elsewhere first.
const FAIR: u64 = 2 * MESSAGES_PER_TURN as u64;

#[test]
fn a_message_from_another_thread_is_not_kept_waiting_by_who_always_has_mail() {
    test(async {
        let (world, floor) = (World::new(), Floor::default());
        let patient = world.root.supervise::<Patient>("patient", floor.clone(), THREAD);
        assert!(floor.0.trial.set(Trial::Tell(patient.port())).is_ok());
        let busy = world.root.supervise::<Busy>("busy", floor.clone(), THREAD);
        busy.tell(Spin).unwrap();
        let longest = floor.longest_wait().await;
        assert!(longest <= FAIR, "{longest} messages");
        world.root.shutdown().await;
    });
}

#[test]
fn a_start_is_not_kept_waiting_by_who_always_has_mail() {
    test(async {
        let (world, floor) = (World::new(), Floor::default());
        assert!(floor.0.trial.set(Trial::Start(world.root.clone())).is_ok());
        let busy = world.root.supervise::<Busy>("busy", floor.clone(), THREAD);
        busy.tell(Spin).unwrap();
        let longest = floor.longest_wait().await;
        assert!(longest <= FAIR, "{longest} messages");
        world.root.shutdown().await;
    });
}

/// Lets the patient one send itself a message a little later, by a timer: when it has looked into its mailbox already.
/// Nothing else makes it look again.
struct TellYourself;

impl Message for TellYourself {
    type Result = ();
}

impl Handler<TellYourself> for Patient {
    type Result = ();

    fn handle(&mut self, _: TellYourself, ctx: &mut Ctx<Self>) {
        ctx.run_later(Duration::from_millis(20), |_, ctx| drop(ctx.handle().tell(Turn(0))));
    }
}

#[test]
fn mail_that_comes_at_the_end_of_a_turn_is_seen() {
    test(async {
        let (world, floor) = (World::new(), Floor::default());
        let patient = world.start::<Patient>("patient", floor.clone());
        for turns in 1..=3 {
            patient.ask(TellYourself, PATIENCE).await.unwrap();
            until("it has its turn", || lock(&floor.0.waits).len() == turns).await;
        }
        world.root.shutdown().await;
    });
}

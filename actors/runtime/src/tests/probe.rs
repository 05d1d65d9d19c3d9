//! A component that does on request whatever a component should not do.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext as _, Handler, Message, MessageResult, Supervised};
use actix::{ActorFutureExt as _, ResponseActFuture, WrapFuture as _};

use crate::sync::lock;
use crate::{Component, Ctx, Exhausted, RestartPolicy, TaskEnded};

/// A policy for a test.
pub(crate) trait Profile: Unpin + 'static {
    fn policy() -> RestartPolicy;
}

/// Many restarts without waiting, a short hang, and defaults otherwise.
pub(crate) struct Hardy;

impl Profile for Hardy {
    fn policy() -> RestartPolicy {
        let mut policy = RestartPolicy {
            max_restarts: 1000,
            hang_after: Duration::from_millis(300),
            stall_after: Duration::from_millis(200),
            shutdown: Duration::from_secs(3),
            ..RestartPolicy::default()
        };
        policy.backoff.initial_interval = Duration::from_millis(1);
        policy.backoff.max_interval = Duration::from_millis(5);
        policy
    }
}

/// Two restarts, then down for good.
pub(crate) struct Frail;

impl Profile for Frail {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: 2,
            on_exhausted: Exhausted::FailComponent,
            ..Hardy::policy()
        }
    }
}

/// What a test sees of a probe from outside.
#[derive(Default)]
pub(crate) struct Seen {
    /// Numbers of the `Note`s handled, over all incarnations.
    pub(crate) notes: Mutex<Vec<u64>>,
    pub(crate) started: AtomicUsize,
    pub(crate) stopped: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    pub(crate) task_drops: AtomicUsize,
    pub(crate) tasks_ended: Mutex<Vec<TaskEnded>>,
    pub(crate) ticks: AtomicU64,
    /// How many of the next starts panic.
    pub(crate) bad_starts: AtomicUsize,
    pub(crate) bad_drop: AtomicBool,
    pub(crate) bad_stopped: AtomicBool,
    /// How many of the next starts hang until the gate is open.
    pub(crate) hung_starts: AtomicUsize,
    pub(crate) bad_creates: AtomicUsize,
    /// How many have come to the gate.
    pub(crate) at_gate: AtomicUsize,
    /// What blocked handlers wait for.
    gate: Mutex<bool>,
    opened: Condvar,
}

impl Seen {
    pub(crate) fn open_gate(&self) {
        *lock(&self.gate) = true;
        self.opened.notify_all();
    }

    fn pass_gate(&self) {
        self.at_gate.fetch_add(1, Ordering::SeqCst);
        let closed = lock(&self.gate);
        drop(self.opened.wait_while(closed, |open| !*open));
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

pub(crate) struct Probe<P: Profile> {
    seen: Arc<Seen>,
    count: u64,
    profile: PhantomData<P>,
}

impl<P: Profile> Component for Probe<P> {
    const NAME: &'static str = "Probe";
    type Deps = Arc<Seen>;

    fn create(deps: &Arc<Seen>) -> Self {
        assert!(!take_one(&deps.bad_creates), "told to fail in create");
        Self {
            seen: Arc::clone(deps),
            count: 0,
            profile: PhantomData,
        }
    }

    fn policy() -> RestartPolicy {
        P::policy()
    }
}

impl<P: Profile> Supervised for Probe<P> {}

impl<P: Profile> Actor for Probe<P> {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        self.seen.started.fetch_add(1, Ordering::SeqCst);
        assert!(!take_one(&self.seen.bad_starts), "told to fail in started");
        if take_one(&self.seen.hung_starts) {
            // The first thing that a zombie would do.
            ctx.spawn(
                async {}
                    .into_actor(self)
                    .map(|(), probe, _| lock(&probe.seen.notes).push(999)),
            );
            self.seen.pass_gate();
        }
        ctx.run_interval(Duration::from_millis(10), |probe, _| {
            probe.seen.ticks.fetch_add(1, Ordering::SeqCst);
        });
    }

    fn stopped(&mut self, _: &mut Ctx<Self>) {
        self.seen.stopped.fetch_add(1, Ordering::SeqCst);
        assert!(!self.seen.bad_stopped.load(Ordering::SeqCst), "told to fail in stopped");
    }
}

impl<P: Profile> Drop for Probe<P> {
    fn drop(&mut self) {
        self.seen.dropped.fetch_add(1, Ordering::SeqCst);
        assert!(!self.seen.bad_drop.load(Ordering::SeqCst), "told to fail in drop");
    }
}

macro_rules! message {
    ($(#[$doc:meta])* $name:ident $body:tt -> $result:ty, |$me:ident, $msg:pat_param, $ctx:ident| $handler:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name $body
        impl Message for $name {
            type Result = $result;
        }
        impl<P: Profile> Handler<$name> for Probe<P> {
            type Result = MessageResult<$name>;
            fn handle(&mut self, msg: $name, $ctx: &mut Ctx<Self>) -> Self::Result {
                let ($me, $msg) = (self, msg);
                MessageResult($handler)
            }
        }
    };
}

message!(
    /// Counts, and answers the count since the last restart and the incarnation.
    Count {} -> (u64, u64), |me, _, ctx| {
        me.count += 1;
        (me.count, ctx.incarnation())
    }
);
message!(
    /// Leaves its number outside.
    Note { pub(crate) number: u64 } -> u64, |me, Note { number }, _ctx| {
        lock(&me.seen.notes).push(number);
        number
    }
);
message!(Boom {} -> (), |_me, _, _ctx| boom());

message!(
    /// Blocks the thread until the gate is open, then leaves a note unless fenced.
    Block { pub(crate) number: u64 } -> u64, |me, Block { number }, ctx| {
        me.seen.pass_gate();
        if !ctx.is_fenced() {
            lock(&me.seen.notes).push(number);
        }
        number
    }
);
message!(
    /// Leaves its number outside a little later, by a timer.
    NoteLater { pub(crate) number: u64 } -> (), |_me, NoteLater { number }, ctx| {
        ctx.run_later(Duration::from_millis(50), move |probe, _| {
            lock(&probe.seen.notes).push(number);
        });
    }
);
message!(
    /// Takes this long, with signs of life.
    Labour { pub(crate) time: Duration } -> (), |_me, Labour { time }, ctx| {
        let end = std::time::Instant::now() + time;
        while std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
            ctx.heartbeat();
        }
    }
);
message!(
    /// Waits for a future that never ends, and takes no messages meanwhile.
    WaitForever {} -> (), |me, _, ctx| {
        ctx.wait(std::future::pending::<()>().into_actor(me));
    }
);
message!(StopYourself {} -> (), |_me, _, ctx| ctx.stop());
message!(
    /// Panics in a future of the component.
    BoomLater {} -> (), |me, _, ctx| {
        ctx.spawn(async {}.into_actor(me).map(|(), _, _| panic!("told to panic later")));
    }
);
message!(
    /// Panics in a timer of the component.
    BoomTimer {} -> (), |_me, _, ctx| {
        ctx.run_later(Duration::from_millis(1), |_, _| panic!("told to panic in a timer"));
    }
);
message!(
    /// Panics in an interval of the component.
    BoomInterval {} -> (), |_me, _, ctx| {
        ctx.run_interval(Duration::from_millis(1), |_, _| panic!("told to panic in an interval"));
    }
);
message!(
    /// Starts a task that panics.
    BadTask {} -> (), |_me, _, ctx| {
        ctx.spawn_task("bad", async { panic!("told to panic in a task") });
    }
);
message!(
    /// Starts a task that ends.
    GoodTask {} -> (), |_me, _, ctx| ctx.spawn_task("good", async {})
);
message!(
    /// Starts a task that never ends by itself and does not watch its token.
    EndlessTask {} -> (), |me, _, ctx| {
        let guard = CountDrop(Arc::clone(&me.seen));
        ctx.spawn_task("endless", async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
    }
);
message!(
    /// Starts a task and a blocking one that end when their token is cancelled.
    PoliteTasks {} -> (), |me, _, ctx| {
        let (token, guard) = (ctx.cancelled(), CountDrop(Arc::clone(&me.seen)));
        ctx.spawn_task("polite", async move {
            token.cancelled().await;
            drop(guard);
        });
        let guard = CountDrop(Arc::clone(&me.seen));
        ctx.spawn_blocking("polite blocking", move |token| {
            while !token.is_cancelled() {
                std::thread::sleep(Duration::from_millis(2));
            }
            drop(guard);
        });
    }
);

message!(
    /// Starts a blocking task that never ends.
    StuckBlockingTask {} -> (), |_me, _, ctx| {
        ctx.spawn_blocking("stuck", |_| loop {
            std::thread::park();
        });
    }
);
message!(
    /// Blocks the thread in a future of the component, until the gate is open.
    BlockLater { pub(crate) number: u64 } -> (), |me, BlockLater { number }, ctx| {
        let block = async {}.into_actor(me).map(move |(), probe: &mut Self, ctx: &mut Ctx<Self>| {
            probe.seen.pass_gate();
            if !ctx.is_fenced() {
                lock(&probe.seen.notes).push(number);
            }
        });
        ctx.spawn(block);
    }
);
message!(
    /// Leaves its number outside by a future of the component.
    NoteByFuture { pub(crate) number: u64 } -> (), |me, NoteByFuture { number }, ctx| {
        ctx.spawn(async {}.into_actor(me).map(move |(), probe: &mut Self, _: &mut Ctx<Self>| {
            lock(&probe.seen.notes).push(number);
        }));
    }
);
message!(
    /// Leaves its number outside a good deal later, by the clock of the supervision.
    NoteByTheClock { pub(crate) number: u64, pub(crate) after: Duration } -> (),
    |_me, NoteByTheClock { number, after }, ctx| {
        let (clock, probe) = (ctx.clock().clone(), ctx.handle());
        ctx.spawn_task("by the clock", async move {
            clock.sleep(after).await;
            drop(probe.tell(Note { number }));
        });
    }
);

fn boom() {
    panic!("told to panic");
}

struct CountDrop(Arc<Seen>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.task_drops.fetch_add(1, Ordering::SeqCst);
    }
}

impl<P: Profile> Handler<TaskEnded> for Probe<P> {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, _: &mut Ctx<Self>) {
        lock(&self.seen.tasks_ended).push(ended);
    }
}

/// Answered by a future of the component, after this time.
pub(crate) struct Later(pub(crate) Duration);

impl Message for Later {
    type Result = u64;
}

impl<P: Profile> Handler<Later> for Probe<P> {
    type Result = ResponseActFuture<Self, u64>;

    fn handle(&mut self, later: Later, _: &mut Ctx<Self>) -> Self::Result {
        let pause = tokio::time::sleep(later.0).into_actor(self);
        Box::pin(pause.map(|(), probe, _| probe.count))
    }
}

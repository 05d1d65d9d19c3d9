//! The tree: branches are components that have a root of their own, with a strategy of its own, for what grows on them.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext as _, Handler, Message, MessageResult};
use actix::{ActorFutureExt as _, WrapFuture as _};

use super::fault::Fault;
use super::life::{Chaos, Life, Receipt};
use crate::tests::probe::{Hardy, Profile};
use crate::{Component, Ctx, Exhausted, Options, Placement, Port, RestartPolicy, Root, Strategy, TaskEnded, dataplane};

/// Never given up.
pub(super) struct Tough;

impl Profile for Tough {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: u32::MAX,
            hang_after: Duration::from_millis(250),
            stall_after: Duration::from_millis(150),
            shutdown: Duration::from_millis(300),
            ..Hardy::policy()
        }
    }
}

/// Given up at every third fault, for a moment.
pub(super) struct Brittle;

impl Profile for Brittle {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: 2,
            on_exhausted: Exhausted::CoolDown(Duration::from_millis(100)),
            ..Tough::policy()
        }
    }
}

/// What is to grow.
pub(super) enum Plan {
    Leaf(&'static str, Placement),
    BrittleLeaf(&'static str, Placement),
    Branch(&'static str, Placement, Strategy, &'static [Plan]),
}

const OWN: Placement = Placement::OwnThread;

/// Three levels of roots: the test's, those of north, south and west, and those of the deep branches.
pub(super) const TREE: &[Plan] = &[
    Plan::Branch(
        "north",
        OWN,
        Strategy::RestForOne,
        &[
            Plan::Leaf("north/a", OWN),
            Plan::Leaf("north/b", Placement::Shared("north")),
            Plan::BrittleLeaf("north/c", Placement::Shared("north")),
            Plan::Branch(
                "north/deep",
                OWN,
                Strategy::OneForAll,
                &[
                    Plan::Leaf("north/deep/a", OWN),
                    Plan::Leaf("north/deep/b", Placement::Shared("deep")),
                    Plan::Leaf("north/deep/c", Placement::Shared("deep")),
                ],
            ),
        ],
    ),
    Plan::Branch(
        "south",
        Placement::Shared("boughs"),
        Strategy::OneForAll,
        &[
            Plan::Leaf("south/a", Placement::Shared("south")),
            Plan::BrittleLeaf("south/b", OWN),
            Plan::Branch(
                "south/deep",
                Placement::Shared("south"),
                Strategy::RestForOne,
                &[
                    Plan::Leaf("south/deep/a", OWN),
                    Plan::Leaf("south/deep/b", Placement::Shared("deep")),
                ],
            ),
        ],
    ),
    Plan::Branch(
        "west",
        Placement::Shared("boughs"),
        Strategy::OneForOne,
        &[
            Plan::Leaf("west/a", OWN),
            Plan::Leaf("west/b", Placement::Shared("west")),
            Plan::Leaf("west/c", Placement::Shared("west")),
        ],
    ),
];

/// Somebody on a branch whom one can ask.
#[derive(Clone)]
pub(super) enum Found {
    Leaf(Port<Work>),
    Branch(Port<Members>),
}

/// Starts what a plan says.
pub(super) fn grow(root: &Root, plans: &'static [Plan], chaos: &Arc<Chaos>) -> Vec<Found> {
    let grown = plans.iter().map(|plan| match plan {
        Plan::Leaf(name, at) => {
            let leaf = root.supervise::<Leaf<Tough>>(name, (name, Arc::clone(chaos)), *at);
            Found::Leaf(leaf.port())
        }
        Plan::BrittleLeaf(name, at) => {
            let leaf = root.supervise::<Leaf<Brittle>>(name, (name, Arc::clone(chaos)), *at);
            Found::Leaf(leaf.port())
        }
        Plan::Branch(name, at, ..) => {
            let branch = root.supervise::<Branch>(name, (plan, Arc::clone(chaos)), *at);
            Found::Branch(branch.port())
        }
    });
    grown.collect()
}

/// A root as the tree has them.
pub(super) fn root(strategy: Strategy, chaos: &Chaos) -> Root {
    let options = Options {
        check_every: Duration::from_millis(20),
        max_zombies: usize::MAX,
        ..Options::default()
    };
    Root::try_start(dataplane().unwrap(), strategy, chaos.tally.clone(), options).unwrap()
}

/// A leaf's question: leaves word on the receipt.
pub(super) struct Work(pub(super) Arc<Receipt>);

impl Message for Work {
    type Result = ();
}

/// A branch's question.
pub(super) struct Members;

impl Message for Members {
    type Result = Vec<Found>;
}

pub(super) struct Leaf<P> {
    life: Arc<Life>,
    profile: PhantomData<fn(P)>,
}

impl<P: Profile> Component for Leaf<P> {
    const NAME: &'static str = "Leaf";
    type Deps = (&'static str, Arc<Chaos>);

    fn create((name, chaos): &Self::Deps) -> Self {
        let life = chaos.life(name);
        life.create();
        Self {
            life,
            profile: PhantomData,
        }
    }

    fn policy() -> RestartPolicy {
        P::policy()
    }
}

impl<P: Profile> actix::Supervised for Leaf<P> {}

impl<P: Profile> Actor for Leaf<P> {
    type Context = Ctx<Self>;

    fn started(&mut self, _: &mut Ctx<Self>) {
        self.life.started();
    }
}

impl<P> Drop for Leaf<P> {
    fn drop(&mut self) {
        self.life.dropped();
    }
}

impl<P: Profile> Handler<Work> for Leaf<P> {
    type Result = ();

    fn handle(&mut self, work: Work, ctx: &mut Ctx<Self>) {
        let chaos = Arc::clone(&ctx.deps().1);
        match chaos.suffer(&self.life, 1) {
            Some(Fault::PanicLater) => {
                ctx.spawn(async {}.into_actor(self).map(|(), _, _| panic!("told to panic later")));
            }
            Some(Fault::Stop) => ctx.stop(),
            Some(Fault::Stall) => ctx.wait(std::future::pending::<()>().into_actor(self)),
            Some(Fault::Task) => ctx.spawn_task("bad", async { panic!("told to panic in a task") }),
            _ => {}
        }
        // A zombie does nothing that others can see.
        if !ctx.is_fenced() {
            work.0.executed(ctx.generation());
            self.life.executed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

impl<P: Profile> Handler<TaskEnded> for Leaf<P> {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Ctx<Self>) {}
}

pub(super) struct Branch {
    life: Arc<Life>,
    members: Vec<Found>,
    /// Dropped with the branch, and what grows on it ends.
    _root: Root,
}

impl Component for Branch {
    const NAME: &'static str = "Branch";
    type Deps = (&'static Plan, Arc<Chaos>);

    fn create((plan, chaos): &Self::Deps) -> Self {
        let Plan::Branch(name, _, strategy, plans) = plan else {
            panic!("a leaf is no branch");
        };
        let life = chaos.life(name);
        life.create();
        let root = root(*strategy, chaos);
        Self {
            life,
            members: grow(&root, plans, chaos),
            _root: root,
        }
    }

    fn policy() -> RestartPolicy {
        Tough::policy()
    }
}

impl actix::Supervised for Branch {}

impl Actor for Branch {
    type Context = Ctx<Self>;

    fn started(&mut self, _: &mut Ctx<Self>) {
        self.life.started();
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        self.life.dropped();
    }
}

impl Handler<Members> for Branch {
    type Result = MessageResult<Members>;

    fn handle(&mut self, _: Members, ctx: &mut Ctx<Self>) -> Self::Result {
        let chaos = Arc::clone(&ctx.deps().1);
        match chaos.suffer(&self.life, 5) {
            Some(Fault::PanicLater) => {
                ctx.spawn(async {}.into_actor(self).map(|(), _, _| panic!("told to panic later")));
            }
            Some(Fault::Stop) => ctx.stop(),
            Some(Fault::Stall) => ctx.wait(std::future::pending::<()>().into_actor(self)),
            Some(Fault::Task) => ctx.spawn_task("bad", async { panic!("told to panic in a task") }),
            _ => {}
        }
        MessageResult(self.members.clone())
    }
}

impl Handler<TaskEnded> for Branch {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Ctx<Self>) {}
}

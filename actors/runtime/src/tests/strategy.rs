//! Who shares a failed component's fate, and in which order.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult};

use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{Component, Ctx, Exhausted, Handle, Health, Placement, RestartPolicy, Strategy, supervised};

type Log = Arc<Mutex<Vec<String>>>;

/// Writes down when it comes and goes.
struct Member {
    name: &'static str,
    log: Log,
}

impl Component for Member {
    const NAME: &'static str = "Member";
    type Deps = (&'static str, Log);

    fn create((name, log): &Self::Deps) -> Self {
        Self {
            name,
            log: Arc::clone(log),
        }
    }

    fn policy() -> RestartPolicy {
        let mut policy = RestartPolicy {
            max_restarts: 3,
            shutdown: Duration::from_millis(300),
            hang_after: Duration::from_secs(60),
            on_exhausted: Exhausted::FailComponent,
            ..RestartPolicy::default()
        };
        policy.backoff.initial_interval = Duration::from_millis(20);
        policy
    }
}

impl Actor for Member {
    type Context = Ctx<Self>;

    fn started(&mut self, _: &mut Ctx<Self>) {
        lock(&self.log).push(format!("+{}", self.name));
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        lock(&self.log).push(format!("-{}", self.name));
    }
}

supervised!(Member);

struct Fall;

impl Message for Fall {
    type Result = ();
}

impl Handler<Fall> for Member {
    type Result = ();

    fn handle(&mut self, _: Fall, _: &mut Ctx<Self>) {
        panic!("told to fall");
    }
}

/// Answers the incarnation, after this time.
struct Incarnation(Duration);

impl Message for Incarnation {
    type Result = u64;
}

impl Handler<Incarnation> for Member {
    type Result = MessageResult<Incarnation>;

    fn handle(&mut self, after: Incarnation, ctx: &mut Ctx<Self>) -> Self::Result {
        std::thread::sleep(after.0);
        MessageResult(ctx.incarnation())
    }
}

struct Family {
    world: World,
    log: Log,
    members: [Handle<Member>; 4],
}

async fn family(strategy: Strategy) -> Family {
    let (world, log) = (World::with(strategy), Log::default());
    let members = ["a", "b", "c", "d"].map(|name| world.start::<Member>(name, (name, Arc::clone(&log))));
    until("all have started", || lock(&log).len() == 4).await;
    lock(&log).clear();
    Family { world, log, members }
}

impl Family {
    /// What is written down once so much is.
    async fn written(&self, entries: usize) -> String {
        until("all is written down", || lock(&self.log).len() >= entries).await;
        for member in &self.members {
            until("all run", || member.health() == Health::Running).await;
        }
        lock(&self.log).join(" ")
    }
}

#[test]
fn one_for_one_restarts_only_the_failed() {
    test(async {
        let family = family(Strategy::OneForOne).await;
        family.members[1].tell(Fall).unwrap();
        assert_eq!(family.written(2).await, "-b +b");
        family.world.root.shutdown().await;
    });
}

#[test]
fn rest_for_one_takes_down_those_started_after_it_backwards_and_starts_them_forwards() {
    test(async {
        let family = family(Strategy::RestForOne).await;
        family.members[1].tell(Fall).unwrap();
        assert_eq!(family.written(6).await, "-b -d -c +b +c +d");
        assert_eq!(family.members[0].metrics().incarnation, 1);
        family.world.root.shutdown().await;
    });
}

#[test]
fn one_for_all_takes_down_all_backwards_and_starts_them_forwards() {
    test(async {
        let family = family(Strategy::OneForAll).await;
        for fall in 1..=3 {
            family.members[1].tell(Fall).unwrap();
            assert_eq!(family.written(8).await, "-b -d -c -a +a +b +c +d", "fall {fall}");
            lock(&family.log).clear();
        }
        for (member, (panic, neighbour)) in family.members.iter().zip([(0, 3), (3, 0), (0, 3), (0, 3)]) {
            let restarts = member.metrics().restarts;
            assert_eq!((restarts.panic, restarts.neighbour), (panic, neighbour), "{member:?}");
        }
        // Once more is too much for b. The others come back without it.
        family.members[1].tell(Fall).unwrap();
        until("b is given up and the others are back", || lock(&family.log).len() == 7).await;
        assert_eq!(lock(&family.log).join(" "), "-b -d -c -a +a +c +d");
        assert_eq!(family.members[1].health(), Health::Failed);
        family.world.root.shutdown().await;
    });
}

#[test]
fn messages_to_those_who_share_the_fate_are_kept() {
    test(async {
        let family = family(Strategy::OneForAll).await;
        let [a, b, _, d] = &family.members;
        b.tell(Fall).unwrap();
        until("a is down", || lock(&family.log).contains(&"-a".to_owned())).await;
        // Whether they find it down or up again, nobody is refused.
        let incarnation = |member: &Handle<Member>| {
            let member = member.clone();
            async move { member.ask(Incarnation(Duration::ZERO), PATIENCE).await.unwrap() }
        };
        let answers = tokio::join!(incarnation(a), incarnation(b), incarnation(d));
        assert_eq!(answers, (2, 2, 2));
        family.world.root.shutdown().await;
    });
}

#[test]
fn one_who_does_not_go_down_in_time_continues_on_another_thread() {
    test(async {
        let family = family(Strategy::OneForAll).await;
        let [_, b, c, _] = &family.members;
        c.tell(Incarnation(Duration::from_secs(2))).unwrap();
        until("c is at it", || c.metrics().handling.is_some()).await;
        b.tell(Fall).unwrap();
        // c's old instance goes when its thread comes back, after everything else.
        let written = family.written(8).await;
        assert_eq!(written, "-b -d -a +a +b +c +d -c");
        assert_eq!(c.metrics().counts.fenced, 1);
        assert_eq!(c.ask(Incarnation(Duration::ZERO), PATIENCE).await.unwrap(), 2);
        family.world.root.shutdown().await;
    });
}

#[test]
fn failures_at_the_same_time_are_dealt_with_one_after_the_other() {
    test(async {
        let family = family(Strategy::OneForAll).await;
        for member in &family.members {
            member.tell(Fall).unwrap();
        }
        until("all have fallen", || {
            family.members.iter().all(|member| member.metrics().restarts.panic == 1)
        })
        .await;
        family.written(8).await;
        for member in &family.members {
            member.ask(Incarnation(Duration::ZERO), PATIENCE).await.unwrap();
        }
        family.world.root.shutdown().await;
    });
}

#[test]
fn a_shutdown_does_not_wait_for_those_who_wait_for_their_turn() {
    test(async {
        let family = family(Strategy::OneForAll).await;
        for member in &family.members {
            member.tell(Fall).unwrap();
        }
        let report = family.world.root.shutdown().await;
        let ids: Vec<_> = report.iter().map(|(id, _, _)| id.as_str()).collect();
        assert_eq!(ids, ["d", "c", "b", "a"]);
        assert!(report.iter().all(|(_, _, in_order)| *in_order), "{report:?}");
    });
}

#[test]
fn those_on_one_thread_share_a_fate_in_order_too() {
    test(async {
        let (world, log) = (World::with(Strategy::OneForAll), Log::default());
        let at = Placement::Shared("members");
        let members = ["a", "b", "c"].map(|name| world.root.supervise::<Member>(name, (name, Arc::clone(&log)), at));
        until("all have started", || lock(&log).len() == 3).await;
        lock(&log).clear();
        members[0].tell(Fall).unwrap();
        until("all are back", || lock(&log).len() == 6).await;
        assert_eq!(lock(&log).join(" "), "-a -c -b +a +b +c");
        world.root.shutdown().await;
    });
}

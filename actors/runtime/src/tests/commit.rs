//! The incarnation is a fencing token: what somebody who was replaced writes late, a store refuses.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult};

use super::probe::{Hardy, Profile as _};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Component, Ctx, RestartPolicy, TaskEnded, supervised};

/// A file that holds a text and the incarnation that has written it.
struct Ledger {
    file: PathBuf,
    /// One write at a time, as in a transaction.
    turn: Mutex<()>,
    refused: AtomicU64,
    /// Late writers wait for this.
    late: AtomicBool,
}

impl Ledger {
    fn new(name: &str) -> Self {
        let file = std::env::temp_dir().join(format!("sluice-runtime-{name}-{}", std::process::id()));
        std::fs::write(&file, "0 nothing").unwrap();
        Self {
            file,
            turn: Mutex::default(),
            refused: AtomicU64::new(0),
            late: AtomicBool::new(false),
        }
    }

    fn read(&self) -> (u64, String) {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let (incarnation, text) = text.split_once(' ').unwrap();
        (incarnation.parse().unwrap(), text.to_owned())
    }

    /// What a database does with `update .. where incarnation <= ?`.
    fn commit(&self, incarnation: u64, text: &str) -> bool {
        let _turn = lock(&self.turn);
        let accepted = self.read().0 <= incarnation;
        if accepted {
            std::fs::write(&self.file, format!("{incarnation} {text}")).unwrap();
        } else {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        accepted
    }

    fn be_late(&self) {
        while !self.late.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Writes what it is told, and does not ask whether it is still the one to do so.
struct Scribe {
    ledger: Arc<Ledger>,
}

impl Actor for Scribe {
    type Context = Ctx<Self>;
}

impl Component for Scribe {
    const NAME: &'static str = "Scribe";
    type Deps = Arc<Ledger>;

    fn create(ledger: &Arc<Ledger>) -> Self {
        Self {
            ledger: Arc::clone(ledger),
        }
    }

    fn policy() -> RestartPolicy {
        Hardy::policy()
    }
}

supervised!(Scribe);

enum How {
    AtOnce,
    /// In the handler, which hangs before.
    Late,
    /// In a blocking task that outlives the component, since the handler panics.
    LateInTask,
}

struct Commit(&'static str, How);

impl Message for Commit {
    type Result = bool;
}

impl Handler<Commit> for Scribe {
    type Result = MessageResult<Commit>;

    fn handle(&mut self, Commit(text, how): Commit, ctx: &mut Ctx<Self>) -> Self::Result {
        let incarnation = ctx.incarnation();
        match how {
            How::AtOnce => {}
            How::Late => self.ledger.be_late(),
            How::LateInTask => {
                let ledger = Arc::clone(&self.ledger);
                ctx.spawn_blocking("late", move |_| {
                    ledger.be_late();
                    ledger.commit(incarnation, text);
                });
                panic!("told to panic");
            }
        }
        MessageResult(self.ledger.commit(incarnation, text))
    }
}

impl Handler<TaskEnded> for Scribe {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Ctx<Self>) {}
}

#[test]
fn the_late_commit_of_who_was_replaced_is_refused_by_its_incarnation() {
    test(async {
        let world = World::new();
        let ledger = Arc::new(Ledger::new("ledger"));
        let scribe = world.start::<Scribe>("scribe", Arc::clone(&ledger));
        let commit = |text, how| scribe.ask(Commit(text, how), PATIENCE);
        assert!(commit("first", How::AtOnce).await.unwrap());
        assert_eq!(ledger.read(), (1, "first".to_owned()));
        for how in [How::Late, How::LateInTask] {
            assert!(matches!(commit("late", how).await, Err(AskError::Restarted)));
        }
        assert!(commit("second", How::AtOnce).await.unwrap());
        assert_eq!(ledger.read(), (3, "second".to_owned()));

        ledger.late.store(true, Ordering::SeqCst);
        until("both were refused", || ledger.refused.load(Ordering::SeqCst) == 2).await;
        assert_eq!(ledger.read(), (3, "second".to_owned()));
        assert!(commit("third", How::AtOnce).await.unwrap());
        assert_eq!(ledger.read(), (3, "third".to_owned()));
        std::fs::remove_file(&ledger.file).unwrap();
        world.root.shutdown().await;
    });
}

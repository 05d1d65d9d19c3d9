//! Two levels, and a sender that is faster than the component: `cargo run -p sluice-runtime --example depot`.
//!
//! A `Depot` has a root of its own for its `Shelf`: when the depot is rebuilt, so is the shelf. The shelf has room for 16
//! messages; the sender waits for room instead of trying again. One message panics, and those behind it are not lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult};
use sluice_runtime::{
    Component, Ctx, Handle, Idempotent, Placement, RestartPolicy, Root, Strategy, TracingEvents, dataplane, run,
    supervised,
};

/// What outlives restarts: here a number, in a real program a store.
type Stock = Arc<AtomicU64>;

struct Shelf {
    stock: Stock,
}

impl Actor for Shelf {
    type Context = Ctx<Self>;
}

impl Component for Shelf {
    const NAME: &'static str = "Shelf";
    type Deps = Stock;

    fn create(stock: &Stock) -> Self {
        Self {
            stock: Arc::clone(stock),
        }
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 16,
            ..RestartPolicy::default()
        }
    }
}

supervised!(Shelf);

struct Put(u64);

impl Message for Put {
    type Result = ();
}

impl Handler<Put> for Shelf {
    type Result = ();

    fn handle(&mut self, put: Put, _: &mut Ctx<Self>) {
        assert!(put.0 != 500, "told to drop the five hundredth");
        self.stock.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Stored;

impl Idempotent for Stored {}

impl Message for Stored {
    type Result = u64;
}

impl Handler<Stored> for Shelf {
    type Result = u64;

    fn handle(&mut self, _: Stored, _: &mut Ctx<Self>) -> u64 {
        self.stock.load(Ordering::Relaxed)
    }
}

struct Depot {
    // Dropped with the depot, and the shelf ends.
    _root: Root,
    shelf: Handle<Shelf>,
}

impl Actor for Depot {
    type Context = Ctx<Self>;
}

impl Component for Depot {
    const NAME: &'static str = "Depot";
    type Deps = Stock;

    fn create(stock: &Stock) -> Self {
        let runtime = dataplane().expect("the program runs on it");
        let root = Root::start(runtime, Strategy::OneForAll, TracingEvents);
        let shelf = root.supervise::<Shelf>("shelf", Arc::clone(stock), Placement::Shared("shelves"));
        Self { _root: root, shelf }
    }
}

supervised!(Depot);

struct Find;

impl Message for Find {
    type Result = Handle<Shelf>;
}

impl Handler<Find> for Depot {
    type Result = MessageResult<Find>;

    fn handle(&mut self, _: Find, _: &mut Ctx<Self>) -> Self::Result {
        MessageResult(self.shelf.clone())
    }
}

/// The exit code.
pub fn program() -> i32 {
    run(|root| async move {
        let depot = root.supervise::<Depot>("depot", Stock::default(), Placement::OwnThread);
        let patience = Duration::from_secs(10);
        let Ok(shelf) = depot.ask(Find, patience).await else {
            return 1;
        };
        for number in 1..=1_000 {
            // Room for 16, and nobody is told `Full`.
            if shelf.tell_wait(Put(number)).await.is_err() {
                return 2;
            }
        }
        // A question does not wait for room, but this one may be asked again.
        match shelf.ask_retry(Stored, patience).await {
            Ok(999) => 0,
            _ => 3,
        }
    })
}

fn main() {
    std::process::exit(program());
}

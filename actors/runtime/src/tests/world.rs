//! A root with fast limits and a record of its events.

use std::future::Future;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use crate::sync::{lock, panic_text};
use crate::{Component, Event, EventSink, Handle, ManualClock, Options, Placement, Root, Strategy, dataplane};

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Event>>>);

impl EventSink for Recorder {
    fn on(&self, e: &Event) {
        lock(&self.0).push(e.clone());
    }
}

impl Recorder {
    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        lock(&self.0).iter().filter(|event| wanted(event)).count()
    }

    pub(crate) fn find(&self, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        lock(&self.0).iter().find(|event| wanted(event)).cloned()
    }
}

pub(crate) struct World {
    pub(crate) root: Root,
    pub(crate) events: Recorder,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Strategy::OneForOne)
    }

    pub(crate) fn with(strategy: Strategy) -> Self {
        Self::with_options(strategy, Options::default())
    }

    /// In accelerated time.
    pub(crate) fn with_clock(clock: &ManualClock) -> Self {
        let options = Options {
            clock: clock.clock(),
            ..Options::default()
        };
        let world = Self::with_options(Strategy::OneForOne, options);
        // A clock that flies before the watchdog waits by it is a watchdog that was late.
        while clock.waiting() == 0 {
            std::thread::yield_now();
        }
        world
    }

    pub(crate) fn with_options(strategy: Strategy, options: Options) -> Self {
        let events = Recorder::default();
        let options = Options {
            check_every: Duration::from_millis(20),
            // The tests make their own zombies.
            max_zombies: 100,
            ..options
        };
        let root = Root::try_start(dataplane().unwrap(), strategy, events.clone(), options);
        Self {
            root: root.unwrap(),
            events,
        }
    }

    pub(crate) fn start<A: Component>(&self, id: &str, deps: A::Deps) -> Handle<A> {
        self.root.supervise(id, deps, Placement::OwnThread)
    }
}

/// Keeps the panics that the tests ask for out of the output. Besides the noise, printing a backtrace can take longer
/// than the tests' hang deadlines.
pub(crate) fn hush() {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = panic_text(info.payload());
            if !text.starts_with("told to") {
                loud(info);
            }
        }));
    });
}

/// Runs a test on the shared runtime, on a thread without an actix system, as a tokio test would.
pub(crate) fn test<F: Future<Output = ()>>(body: F) {
    hush();
    dataplane().unwrap().block_on(body);
}

/// Waits until something is true.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

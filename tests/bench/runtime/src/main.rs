//! `make bench-runtime`: what supervision costs. Raw actix, sluice-runtime, ractor and kameo do the same in turns, in
//! one process on one machine; then the supervision's own times are taken. Prints one table.
//!
//! CPU time is that of the whole process, so it has the senders' part and, where a mailbox is bounded, the sender's
//! waits for room in it.

mod contestants;
mod faults;
mod idle;
mod load;
mod table;

use std::error::Error;
use std::time::Duration;

use actix::System;
use contestants::actix::Actix;
use sluice_runtime::{Event, EventSink, Options, Root, Strategy, dataplane};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// What a measurement ends with when it cannot be taken.
type Failure = Box<dyn Error + Send + Sync>;

/// Passes on when a component was found unresponsive.
struct Unresponsive(UnboundedSender<Instant>);

impl EventSink for Unresponsive {
    fn on(&self, e: &Event) {
        if matches!(e, Event::Unresponsive { .. }) {
            // Nobody listens any more only when the program ends.
            let _ = self.0.send(Instant::now());
        }
    }
}

fn main() -> Result<(), Failure> {
    // The panics are asked for, and printing them would be measured.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = dataplane()?;
    let (sender, mut unresponsive) = unbounded_channel();
    let options = Options {
        // The hangs of this program are not to end it.
        max_zombies: 100,
        ..Options::default()
    };
    let period = options.check_every;
    let result = System::with_tokio_rt(|| runtime).block_on(async move {
        let root = Root::try_start(runtime, Strategy::OneForOne, Unresponsive(sender), options)?;
        let work = root.clone();
        // Raw actix starts its threads only from a thread that has the system.
        let actix = Actix::start();
        // On the runtime's own threads, like everything that sends messages in the product.
        let done = tokio::spawn(async move {
            // First, while the heap has nothing free that could be used again.
            let idle = idle::measure(&work).await?;
            let load = load::measure(&work, &actix).await?;
            let panics = faults::panics(&work).await?;
            let hangs = faults::hangs(&work, &mut unresponsive).await?;
            table::print(&load, &panics, &hangs, period, &idle);
            Ok::<(), Failure>(())
        });
        let done = done.await?;
        if tokio::time::timeout(Duration::from_secs(30), root.shutdown())
            .await
            .is_err()
        {
            return Err("the components did not stop in time".into());
        }
        done
    });
    if let Err(error) = &result {
        eprintln!("The benchmark failed: {error}");
    }
    // A thread that still hangs would keep the process from ending otherwise.
    std::process::exit(i32::from(result.is_err()));
}

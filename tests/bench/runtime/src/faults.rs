//! How long a component is away after a panic and after a hang.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::{Actor, Handler, Message};
use sluice_runtime::{Component, Ctx, Handle, Placement, RestartPolicy, Root, supervised};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::Failure;
use crate::contestants::actix::Total;

/// Panics that are timed.
pub(crate) const PANICS: usize = 500;
/// Hangs that are timed.
const HANGS: usize = 3;
/// How long a handler may take.
const HANG_AFTER: Duration = Duration::from_millis(200);
/// How long the one that hangs takes.
const BLOCKED: Duration = Duration::from_secs(2);
/// Longer than any answer takes here.
const PATIENCE: Duration = Duration::from_secs(10);

/// When the handler that hangs was entered.
type Entered = Arc<Mutex<Option<Instant>>>;

struct Patient {
    entered: Entered,
}

impl Actor for Patient {
    type Context = Ctx<Self>;
}

impl Component for Patient {
    const NAME: &'static str = "Patient";
    type Deps = Entered;

    fn create(entered: &Entered) -> Self {
        Self {
            entered: Arc::clone(entered),
        }
    }

    fn policy() -> RestartPolicy {
        let mut policy = RestartPolicy {
            max_restarts: u32::MAX,
            hang_after: HANG_AFTER,
            ..RestartPolicy::default()
        };
        policy.backoff.initial_interval = Duration::ZERO;
        policy.backoff.max_interval = Duration::ZERO;
        policy
    }
}

supervised!(Patient);

struct Panic;

impl Message for Panic {
    type Result = ();
}

impl Handler<Panic> for Patient {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Ctx<Self>) {
        panic!("asked for");
    }
}

struct Hang;

impl Message for Hang {
    type Result = ();
}

impl Handler<Hang> for Patient {
    type Result = ();

    fn handle(&mut self, _: Hang, _: &mut Ctx<Self>) {
        *self.entered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        std::thread::sleep(BLOCKED);
    }
}

impl Handler<Total> for Patient {
    type Result = u64;

    fn handle(&mut self, _: Total, _: &mut Ctx<Self>) -> u64 {
        0
    }
}

/// Microseconds from a question to its answer, in order of size.
pub(crate) struct Panics {
    /// With nothing in front of it.
    pub(crate) plain: Vec<f64>,
    /// Behind a message whose handler panics.
    pub(crate) behind_panic: Vec<f64>,
}

async fn answered(handle: &Handle<Patient>) -> Result<(), Failure> {
    handle.ask(Total, PATIENCE).await?;
    Ok(())
}

/// A message that panics, and at once a question behind it.
pub(crate) async fn panics(root: &Root) -> Result<Panics, Failure> {
    let handle = root.supervise::<Patient>("panics", Entered::default(), Placement::OwnThread);
    answered(&handle).await?;
    let (mut plain, mut behind_panic) = (Vec::new(), Vec::new());
    for _ in 0..PANICS {
        let begun = Instant::now();
        answered(&handle).await?;
        plain.push(begun.elapsed().as_secs_f64() * 1e6);
        let begun = Instant::now();
        handle.tell(Panic)?;
        answered(&handle).await?;
        behind_panic.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let restarts = handle.metrics().restarts.panic;
    if usize::try_from(restarts) != Ok(PANICS) {
        return Err(format!("{restarts} restarts after {PANICS} panics").into());
    }
    plain.sort_by(f64::total_cmp);
    behind_panic.sort_by(f64::total_cmp);
    Ok(Panics { plain, behind_panic })
}

/// Milliseconds.
pub(crate) struct HangTimes {
    /// From the moment at which the handler had taken too long to the event that says so.
    pub(crate) noticed: f64,
    /// From the event to the answer to a question that waited behind.
    pub(crate) replaced: f64,
}

/// A handler that blocks, and a question behind it.
pub(crate) async fn hangs(
    root: &Root,
    unresponsive: &mut UnboundedReceiver<Instant>,
) -> Result<Vec<HangTimes>, Failure> {
    let entered = Entered::default();
    let handle = root.supervise::<Patient>("hangs", Arc::clone(&entered), Placement::OwnThread);
    answered(&handle).await?;
    // Nothing that was slow before this is meant.
    while unresponsive.try_recv().is_ok() {}
    let mut times = Vec::new();
    for _ in 0..HANGS {
        handle.tell(Hang)?;
        answered(&handle).await?;
        let answer = Instant::now();
        let event = unresponsive.try_recv()?;
        let entered = entered.lock().unwrap_or_else(PoisonError::into_inner).take();
        let deadline = entered.ok_or("the handler was not entered")? + HANG_AFTER;
        times.push(HangTimes {
            noticed: event.saturating_duration_since(deadline).as_secs_f64() * 1e3,
            replaced: answer.saturating_duration_since(event).as_secs_f64() * 1e3,
        });
        // The thread that hung comes back meanwhile, and the next hang meets another phase of the watchdog.
        tokio::time::sleep(BLOCKED + Duration::from_millis(17)).await;
    }
    Ok(times)
}

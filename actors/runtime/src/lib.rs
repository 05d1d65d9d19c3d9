//! Supervised components on actix.
//!
//! A [`Component`] is an ordinary actix actor on a context of our own, [`Ctx`]. A [`Root`] starts components, and from
//! then on looks after them: a panic is caught and the component is rebuilt in place with its mailbox kept, a hang is
//! noticed by a watchdog thread and the component is replaced on a fresh thread, a component that fails too often is
//! escalated. Everybody else holds a [`Handle`], which stays valid across all of that.
//!
//! Handlers do no I/O. They start work on the shared multi-thread runtime with [`Ctx::spawn_task`] or
//! [`Ctx::spawn_blocking`] and are told of its end with [`TaskEnded`]. Do not return `actix::ResponseFuture` from a
//! handler: it runs outside the component and its panic is noticed by nobody.
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(panic = "abort")]
compile_error!("supervision needs panic = \"unwind\"");

mod ask;
mod clock;
mod component;
mod context;
mod context_actix;
mod entry;
mod envelope;
mod error;
mod event;
mod exit;
mod fate;
mod generation;
mod handle;
mod health;
mod lane;
mod metered;
mod overall;
mod policy;
mod port;
pub mod prometheus;
mod pump;
mod queue;
mod reason;
mod root;
mod service;
mod shared;
mod slot;
mod snapshot;
mod stats;
mod supervise;
mod sync;
mod task;
mod timing;
mod watch;
mod watchdog;

/// The example of the README names the crate as its users do.
#[cfg(test)]
extern crate self as sluice_runtime;

#[cfg(test)]
mod tests;

pub use ask::Idempotent;
pub use clock::{Clock, ManualClock};
pub use component::Component;
pub use context::Ctx;
pub use entry::{dataplane, run, run_with, stop_signal};
pub use error::{AskError, SendError};
pub use event::{Event, EventSink, TracingEvents};
pub use exit::{EXIT_HUNG_THREADS, EXIT_NO_RUNTIME};
pub use handle::Handle;
pub use health::Health;
pub use overall::{Overall, Trouble};
pub use policy::{Exhausted, RestartPolicy, RestartTracker, Verdict};
pub use port::Port;
pub use reason::Reason;
pub use root::{Options, Placement, Root, Strategy};
pub use service::Service;
pub use snapshot::{Counts, Current, Escalation, LastPanic, MessageSnapshot, Restarts, Snapshot};
pub use task::{TaskEnded, TaskPanic};
pub use timing::{BUCKET_BOUNDS, Timing};

/// What the [`supervised!`] macro needs from actix, so that its users need no direct dependency for it.
#[doc(hidden)]
pub mod __private {
    pub use actix::Supervised;
}

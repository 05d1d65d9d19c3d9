//! Work of a component on the shared runtime: cancelled with it, and its end is a message.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::Message;
use tokio_util::sync::CancellationToken;

/// A task started with [`Ctx::spawn_task`](crate::Ctx::spawn_task) or
/// [`Ctx::spawn_blocking`](crate::Ctx::spawn_blocking) has ended.
///
/// Tasks that are dropped because their component was restarted are not reported: the component that started them is
/// gone.
#[derive(Clone, Debug)]
pub struct TaskEnded {
    /// The name it was started with.
    pub name: &'static str,
    /// Whether it returned or panicked.
    pub outcome: Result<(), TaskPanic>,
}

impl Message for TaskEnded {
    type Result = ();
}

/// A task panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPanic {
    /// The text of the panic.
    pub message: String,
}

impl fmt::Display for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task panicked: {}", self.message)
    }
}

impl std::error::Error for TaskPanic {}

/// The tasks of one incarnation.
#[derive(Default)]
pub(crate) struct TaskGroup {
    /// Asks the tasks to come to an end.
    pub(crate) cancel: CancellationToken,
    /// Drops those that can be dropped.
    pub(crate) abort: CancellationToken,
    running: AtomicUsize,
}

impl TaskGroup {
    /// Counts a task until the returned guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(self))
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Ends all tasks, now.
    pub(crate) fn end(&self) {
        // In this order, so that none takes it for an orderly stop and begins with its last work.
        self.abort.cancel();
        self.cancel.cancel();
    }
}

/// A task that runs.
pub(crate) struct Running(Arc<TaskGroup>);

impl Running {
    pub(crate) fn is_aborted(&self) -> bool {
        self.0.abort.is_cancelled()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

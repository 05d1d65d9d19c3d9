//! One generation: a component's life on one thread. A panic is repaired within the generation; a hang ends it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::Reason;
use crate::clock::Clock;
use crate::lane::Lane;
use crate::sync::lock;
use crate::task::TaskGroup;

/// What the outside asks of the supervising future.
pub(crate) enum Command {
    Restart(Reason),
    Stop,
}

pub(crate) struct Generation {
    /// Grows with every generation of the component.
    pub(crate) number: u64,
    pub(crate) lane: Arc<Lane>,
    /// Cancelled when the supervising future is gone; its thread may live on.
    pub(crate) ended: CancellationToken,
    fenced: AtomicBool,
    /// Counted as a thread that did not come back.
    zombie: AtomicBool,
    /// The supervising future is being polled.
    busy: AtomicBool,
    beat_ns: AtomicU64,
    clock: Clock,
    /// Index of the message type being handled, plus one; zero when none is.
    in_flight: AtomicUsize,
    /// When that message was begun.
    since_ns: AtomicU64,
    /// Index of the message type whose handler panicked, plus one.
    crashed_in: AtomicUsize,
    command: Mutex<Option<Command>>,
    tasks: Mutex<Arc<TaskGroup>>,
}

impl Generation {
    pub(crate) fn new(number: u64, lane: Arc<Lane>, clock: Clock) -> Self {
        Self {
            number,
            lane,
            ended: CancellationToken::new(),
            fenced: AtomicBool::new(false),
            zombie: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            beat_ns: AtomicU64::new(clock.now_ns()),
            clock,
            in_flight: AtomicUsize::new(0),
            since_ns: AtomicU64::new(0),
            crashed_in: AtomicUsize::new(0),
            command: Mutex::new(None),
            tasks: Mutex::new(Arc::new(TaskGroup::default())),
        }
    }

    /// From now on this generation may touch nothing.
    pub(crate) fn fence(&self) {
        self.fenced.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }

    pub(crate) fn set_zombie(&self, zombie: bool) -> bool {
        self.zombie.swap(zombie, Ordering::AcqRel)
    }

    pub(crate) fn begin_poll(&self) {
        self.beat_at(self.now_ns());
        self.busy.store(true, Ordering::Release);
    }

    pub(crate) fn end_poll(&self) {
        self.busy.store(false, Ordering::Release);
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    pub(crate) fn beat_at(&self, ns: u64) {
        self.beat_ns.store(ns, Ordering::Release);
    }

    pub(crate) fn beat_ns(&self) -> u64 {
        self.beat_ns.load(Ordering::Acquire)
    }

    /// The present moment by the clock of the supervision.
    pub(crate) fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    pub(crate) fn begin_message(&self, index: usize, now_ns: u64) {
        self.since_ns.store(now_ns, Ordering::Relaxed);
        self.in_flight.store(index + 1, Ordering::Release);
    }

    /// Takes the message being handled off the record. Only one caller gets it.
    pub(crate) fn end_message(&self) -> Option<usize> {
        self.in_flight.swap(0, Ordering::AcqRel).checked_sub(1)
    }

    /// Index of the message type being handled.
    pub(crate) fn handling(&self) -> Option<usize> {
        self.in_flight.load(Ordering::Acquire).checked_sub(1)
    }

    /// For how long that message has been handled.
    pub(crate) fn handling_for(&self) -> std::time::Duration {
        let since_ns = self.since_ns.load(Ordering::Relaxed);
        std::time::Duration::from_nanos(self.now_ns().saturating_sub(since_ns))
    }

    pub(crate) fn note_crash(&self, index: usize) {
        self.crashed_in.store(index + 1, Ordering::Release);
    }

    /// Index of the message type whose handler has panicked since the last call.
    pub(crate) fn take_crash(&self) -> Option<usize> {
        self.crashed_in.swap(0, Ordering::AcqRel).checked_sub(1)
    }

    /// Leaves a command; the caller wakes the supervising future. A stop is never replaced by a restart.
    pub(crate) fn command(&self, command: Command) {
        let mut slot = lock(&self.command);
        if !matches!(*slot, Some(Command::Stop)) {
            *slot = Some(command);
        }
    }

    pub(crate) fn take_command(&self) -> Option<Command> {
        lock(&self.command).take()
    }

    pub(crate) fn has_command(&self) -> bool {
        lock(&self.command).is_some()
    }

    /// The tasks of the present incarnation.
    pub(crate) fn tasks(&self) -> Arc<TaskGroup> {
        Arc::clone(&lock(&self.tasks))
    }

    /// Ends the tasks of the present incarnation and begins an empty group for the next.
    pub(crate) fn renew_tasks(&self) -> Arc<TaskGroup> {
        let fresh = Arc::new(TaskGroup::default());
        let old = std::mem::replace(&mut *lock(&self.tasks), Arc::clone(&fresh));
        old.end();
        fresh
    }
}

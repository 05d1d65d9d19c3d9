//! A clock that stands still until it is moved.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::Clock;
use crate::sync::lock;

/// How long, in real time, a thread that was woken may take to wait again before the clock goes on without it.
const LEASH: Duration = Duration::from_secs(20);

/// A clock that stands still until [`ManualClock::advance`] moves it. Clones are the same clock.
///
/// ```
/// # use std::time::Duration;
/// let manual = sluice_runtime::ManualClock::new();
/// let clock = manual.clock();
/// let before = clock.now();
/// manual.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now() - before, Duration::from_secs(3600));
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Inner>);

struct Inner {
    epoch: Instant,
    elapsed_ns: AtomicU64,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// By when they are due, then in order of arrival.
    due: BTreeMap<(u64, u64), Waiter>,
    /// Threads that were woken and have not come back.
    at_work: usize,
}

enum Waiter {
    Task(Waker),
    Thread,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// A clock that stands still.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            epoch: Instant::now(),
            elapsed_ns: AtomicU64::new(0),
            waiting: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// What to give to [`Options::clock`](crate::Options::clock).
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock {
            manual: Some(self.clone()),
        }
    }

    /// Moves the clock. Whoever waits is woken in the order of time, each at its own moment; the watchdog has finished
    /// its round before the clock moves on. Tasks are woken and not waited for. Blocks the calling thread meanwhile.
    pub fn advance(&self, duration: Duration) {
        let target = self.elapsed().saturating_add(nanos(duration));
        loop {
            let mut waiting = lock(&self.0.waiting);
            let due = waiting.due.first_entry().filter(|entry| entry.key().0 <= target);
            let Some(entry) = due else {
                self.0.elapsed_ns.store(target, Ordering::Release);
                return;
            };
            let ((moment, _), waiter) = entry.remove_entry();
            self.0.elapsed_ns.fetch_max(moment, Ordering::AcqRel);
            match waiter {
                Waiter::Task(waker) => {
                    drop(waiting);
                    waker.wake();
                }
                Waiter::Thread => {
                    waiting.at_work += 1;
                    self.0.changed.notify_all();
                    let back = self.0.changed.wait_timeout_while(waiting, LEASH, |w| w.at_work > 0);
                    drop(back.unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    /// How many tasks and threads wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        lock(&self.0.waiting).due.len()
    }

    fn elapsed(&self) -> u64 {
        self.0.elapsed_ns.load(Ordering::Acquire)
    }

    pub(super) fn now(&self) -> Instant {
        self.0.epoch + Duration::from_nanos(self.elapsed())
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.elapsed().saturating_add(1)
    }

    pub(super) fn sleep(&self, duration: Duration) -> ManualSleep {
        ManualSleep {
            due: self.elapsed().saturating_add(nanos(duration)),
            clock: self.clone(),
            entry: None,
        }
    }

    pub(super) fn parking(&self) -> ManualParking {
        ManualParking {
            clock: self.clone(),
            at_work: false,
        }
    }

    fn enter(&self, waiting: &mut Waiting, due: u64, waiter: Waiter) -> (u64, u64) {
        let key = (due, waiting.next);
        waiting.next += 1;
        waiting.due.insert(key, waiter);
        key
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A task's wait.
pub(super) struct ManualSleep {
    clock: ManualClock,
    due: u64,
    entry: Option<(u64, u64)>,
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        // The lock comes first, so that the clock cannot pass the moment between the look and the entry.
        let mut waiting = lock(&clock.0.waiting);
        if let Some(entry) = self.entry.take() {
            waiting.due.remove(&entry);
        }
        if clock.elapsed() >= self.due {
            return Poll::Ready(());
        }
        self.entry = Some(clock.enter(&mut waiting, self.due, Waiter::Task(cx.waker().clone())));
        Poll::Pending
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            lock(&self.clock.0.waiting).due.remove(&entry);
        }
    }
}

/// A thread's place to wait.
pub(super) struct ManualParking {
    clock: ManualClock,
    at_work: bool,
}

impl ManualParking {
    pub(super) fn wait(&mut self, duration: Duration) {
        let inner = &self.clock.0;
        let mut waiting = lock(&inner.waiting);
        let due = self.clock.elapsed().saturating_add(nanos(duration));
        let key = self.clock.enter(&mut waiting, due, Waiter::Thread);
        if std::mem::take(&mut self.at_work) {
            waiting.at_work = waiting.at_work.saturating_sub(1);
        }
        inner.changed.notify_all();
        let woken = inner.changed.wait_while(waiting, |w| w.due.contains_key(&key));
        drop(woken.unwrap_or_else(PoisonError::into_inner));
        self.at_work = true;
    }
}

impl Drop for ManualParking {
    fn drop(&mut self) {
        if self.at_work {
            let mut waiting = lock(&self.clock.0.waiting);
            waiting.at_work = waiting.at_work.saturating_sub(1);
            self.clock.0.changed.notify_all();
        }
    }
}

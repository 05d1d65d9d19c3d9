//! The supervisor: starts components, watches them, and stops them in order.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use actix::System;
use tokio::runtime::Runtime;

use crate::shared::Shared;
use crate::slot::{AnySlot, Beginning, Slot};
use crate::{Clock, Component, EventSink, Handle, Health, Overall, Reason, Service, Snapshot, watchdog};

/// Who is restarted when a component fails. Those that are go down one after the other, the last started first, and come
/// up again in the order they were started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Only the component that failed.
    #[default]
    OneForOne,
    /// Also those that were started after it.
    RestForOne,
    /// All components of the root.
    OneForAll,
}

/// Where a component runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// On a thread of its own, so that it can disturb nobody.
    OwnThread,
    /// On the thread of this name, with others: for many small components. If one hangs, all of them move.
    Shared(&'static str),
}

/// The watchdog's and the process's limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often the watchdog looks at the components.
    pub check_every: Duration,
    /// At this many hung threads the process ends, with [`EXIT_HUNG_THREADS`](crate::EXIT_HUNG_THREADS): threads cannot be ended from outside.
    pub max_zombies: usize,
    /// Ends the process.
    pub exit: fn(i32),
    /// Where the time comes from.
    pub clock: Clock,
    /// Who wants to know how the service is doing. At most one root of a process should have it.
    pub service: Option<Service>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            check_every: Duration::from_millis(50),
            max_zombies: 4,
            exit: |code| std::process::exit(code),
            clock: Clock::system(),
            service: None,
        }
    }
}

/// Starts components and looks after them. Clones are the same root. A process may have several.
///
/// Dropping the last clone stops all components, each within its policy's shutdown time, and waits for none; those on
/// shared threads do not get to handle what waits. [`Root::shutdown`] does better. A component may have a root of its
/// own for others: then they end with it.
#[derive(Clone)]
pub struct Root {
    shared: Arc<Shared>,
}

impl Root {
    /// Starts a root with default [`Options`].
    ///
    /// Runs in the actix system of the calling thread; without one it makes its own on a thread of its own, so it can
    /// be called from any tokio task.
    ///
    /// # Panics
    /// When the operating system refuses to start a thread; see [`Root::try_start`].
    #[must_use]
    pub fn start(dataplane: &'static Runtime, strategy: Strategy, events: impl EventSink) -> Self {
        Self::try_start(dataplane, strategy, events, Options::default())
            .expect("the operating system starts two threads for the supervision")
    }

    /// Starts a root.
    ///
    /// # Errors
    /// When the operating system refuses to start a thread.
    pub fn try_start(
        dataplane: &'static Runtime,
        strategy: Strategy,
        events: impl EventSink,
        options: Options,
    ) -> io::Result<Self> {
        let (system, owns_system) = match System::try_current() {
            Some(system) => (system, false),
            None => (own_system(dataplane)?, true),
        };
        let shared = Arc::new(Shared::new(
            dataplane,
            system,
            owns_system,
            strategy,
            Box::new(events),
            options,
        ));
        watchdog::start(&shared)?;
        Ok(Self { shared })
    }

    /// Starts a component under an id and returns its handle.
    ///
    /// An id that is taken by a running component of the same type gives the handle of that one; a failed or stopped
    /// one, or one of another type, is stopped and replaced.
    pub fn supervise<A: Component>(&self, id: &str, deps: A::Deps, at: Placement) -> Handle<A> {
        if let Some(handle) = self.get::<A>(id)
            && !matches!(handle.health(), Health::Failed | Health::Stopped)
        {
            return handle;
        }
        let slot = Arc::new(Slot::<A>::new(id, deps, at, &self.shared));
        if self.shared.closing.load(Ordering::Acquire) {
            Slot::dismiss(&slot);
        } else {
            let any: Arc<dyn AnySlot> = slot.clone();
            if let Some(old) = self.shared.slots.insert(id.to_owned(), any) {
                old.dismiss();
            }
        }
        slot.launch(Beginning::default());
        Handle::of(slot)
    }

    /// The handle of a component, if one of this type has this id.
    #[must_use]
    pub fn get<A: Component>(&self, id: &str) -> Option<Handle<A>> {
        let slot = Arc::clone(&*self.shared.slots.get(id)?);
        let slot = slot.into_any().downcast::<Slot<A>>().ok()?;
        Some(Handle::of(slot))
    }

    /// Asks for a restart; also starts a failed component again. False when there is none with this id, or it is
    /// stopping.
    #[must_use]
    pub fn restart(&self, id: &str) -> bool {
        let Some(slot) = self.shared.slots.get(id).map(|slot| Arc::clone(&slot)) else {
            return false;
        };
        slot.request_restart(Reason::Requested)
    }

    /// Stops one component and forgets it, its figures too unless [`Root::keep_figures`] was called. Says how long it
    /// took and whether it stopped in order, or nothing when there is none with this id.
    pub async fn retire(&self, id: &str) -> Option<(Duration, bool)> {
        let slot = if self.shared.keeps_figures.load(Ordering::Acquire) {
            let slot = self.shared.slots.get(id).map(|slot| Arc::clone(&slot))?;
            Some(slot).filter(|slot| slot.health() != Health::Stopped)?
        } else {
            self.shared.slots.remove(id)?.1
        };
        Some(slot.stop().await)
    }

    /// The program is about to end: from now on components that are retired stay in the figures, as stopped, so that
    /// whoever collects them last has all of them.
    pub fn keep_figures(&self) {
        self.shared.keeps_figures.store(true, Ordering::Release);
    }

    /// The figures of all components, in the order they were started.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(String, Health, Snapshot)> {
        let slots = self.shared.in_order();
        slots
            .iter()
            .map(|slot| (slot.id().to_owned(), slot.health(), slot.snapshot()))
            .collect()
    }

    /// How all components are doing, in one word.
    #[must_use]
    pub fn overall(&self) -> Overall {
        self.shared.overall()
    }

    /// All figures as the text that Prometheus reads: those of the components, the process, the tokio runtime, and what
    /// was added with [`Root::add_figures`].
    #[must_use]
    pub fn prometheus(&self) -> String {
        crate::prometheus::page(&self.snapshot(), Some(self.shared.dataplane)) + &self.shared.own_figures()
    }

    /// Adds figures of the program's own to the page. The families must not be on it yet; the function is called for
    /// every page and must not wait. It should hold no strong reference to whoever holds this root.
    pub fn add_figures(&self, figures: impl Fn(&mut crate::prometheus::Text) + Send + Sync + 'static) {
        self.shared.add_figures(Arc::new(figures));
    }

    /// Lets a component finish the messages that wait and take no more from others, also across restarts, until
    /// [`Root::undrain`]. Says whether it finished in time, or nothing when there is none with this id.
    pub async fn drain(&self, id: &str, deadline: Duration) -> Option<bool> {
        let slot = self.shared.slots.get(id).map(|slot| Arc::clone(&slot))?;
        Some(slot.drain(deadline).await)
    }

    /// Lets a drained component take messages again. False when there is none with this id.
    pub fn undrain(&self, id: &str) -> bool {
        let slot = self.shared.slots.get(id).map(|slot| Arc::clone(&slot));
        slot.is_some_and(|slot| {
            slot.undrain();
            true
        })
    }

    /// The program is up and does what `status` says: the service manager, if there is one, is told.
    pub fn ready(&self, status: &str) {
        self.shared.set_status(status);
        if let Some(service) = &self.shared.options.service {
            service.ready(&self.shared.status_text());
        }
    }

    /// What the program does now, for the service manager.
    pub fn status(&self, status: &str) {
        self.shared.set_status(status);
        if let Some(service) = &self.shared.options.service {
            service.status(&self.shared.status_text());
        }
    }

    /// Stops all components, the last started first, each within its policy's shutdown time. Says for each how long
    /// it took and whether it stopped in order.
    pub async fn shutdown(self) -> Vec<(String, Duration, bool)> {
        self.shared.closing.store(true, Ordering::Release);
        if let Some(service) = &self.shared.options.service {
            service.stopping("stopping");
        }
        let mut report = Vec::new();
        for slot in self.shared.in_order().into_iter().rev() {
            let id = slot.id().to_owned();
            let (took, in_order) = slot.stop().await;
            if !in_order {
                tracing::warn!(id, "A component did not stop in time and was abandoned.");
            }
            report.push((id, took, in_order));
        }
        self.shared.slots.clear();
        self.shared.stop_threads();
        report
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("components", &self.shared.slots.len())
            .finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for slot in &self.slots {
            Arc::clone(&slot).dismiss();
        }
        self.stop_threads();
    }
}

/// An actix system on a thread of its own.
fn own_system(dataplane: &'static Runtime) -> io::Result<System> {
    let (ready, system) = std::sync::mpsc::channel();
    thread::Builder::new().name("sluice-system".to_owned()).spawn(move || {
        let runner = System::with_tokio_rt(|| dataplane);
        if ready.send(System::current()).is_ok()
            && let Err(error) = runner.run_with_code()
        {
            tracing::error!(%error, "The thread of the components' system ended with an error.");
        }
    })?;
    system
        .recv()
        .map_err(|_| io::Error::other("the thread of the components' system panicked"))
}

//! A thread that components run on: an actix arbiter that shares the one tokio runtime.

use std::io;
use std::thread;

use actix::{Arbiter, ArbiterHandle, System};
use tokio::runtime::Runtime;

pub(crate) struct Lane {
    arbiter: ArbiterHandle,
    /// Used by several components; a lane of its own ends with its component.
    pub(crate) shared: bool,
}

impl Lane {
    /// Starts a thread.
    pub(crate) fn start(dataplane: &'static Runtime, system: &System, shared: bool) -> io::Result<Self> {
        let system = system.clone();
        // An arbiter is born into the system of the thread that makes it, and a thread cannot forget a system once it
        // has one. So a thread of its own makes it, and the caller's is left as it was.
        let maker = thread::Builder::new().name("sluice-lane".to_owned()).spawn(move || {
            System::set_current(system);
            Arbiter::try_with_tokio_rt(move || Ok(dataplane)).map(|arbiter| arbiter.handle())
        })?;
        let arbiter = maker
            .join()
            .map_err(|_| io::Error::other("the thread that starts component threads panicked"))??;
        Ok(Self { arbiter, shared })
    }

    /// Runs a function on the thread. False when the thread is gone.
    pub(crate) fn run(&self, f: impl FnOnce() + Send + 'static) -> bool {
        self.arbiter.spawn_fn(f)
    }

    pub(crate) fn alive(&self) -> bool {
        self.arbiter.alive()
    }

    /// Ends the thread as soon as it comes back from what it is doing.
    pub(crate) fn stop(&self) {
        self.arbiter.stop();
    }
}

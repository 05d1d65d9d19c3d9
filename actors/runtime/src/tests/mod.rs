//! Behaviour of the supervision, each test on a root of its own.

mod accelerated;
mod address;
mod admission;
mod chaos;
mod child;
mod commit;
mod drain;
mod entry;
mod escalation;
mod flood;
#[cfg(unix)]
mod freeze;
mod hang;
mod law;
#[cfg(target_os = "linux")]
mod leaks;
mod line;
mod overall;
mod panics;
pub(crate) mod probe;
mod process;
mod readme;
mod sentence;
#[cfg(target_os = "linux")]
mod service;
mod shutdown;
mod stall;
mod strategy;
mod tasks;
mod turns;
pub(crate) mod world;

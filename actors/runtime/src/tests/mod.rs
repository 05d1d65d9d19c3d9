//! Behaviour of the supervision, each test on a root of its own.

mod address;
mod admission;
mod chaos;
mod entry;
mod escalation;
mod flood;
mod hang;
mod law;
mod panics;
pub(crate) mod probe;
mod process;
mod readme;
mod sentence;
mod shutdown;
mod stall;
mod strategy;
mod tasks;
mod world;

//! Behaviour of the supervision, each test on a root of its own.

mod admission;
mod chaos;
mod entry;
mod escalation;
mod flood;
mod hang;
mod law;
mod panics;
mod probe;
mod process;
mod shutdown;
mod stall;
mod strategy;
mod tasks;
mod world;

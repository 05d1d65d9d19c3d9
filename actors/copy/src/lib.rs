//! The data plane: one copy from a source to a sink, and the node's ledger.
//!
//! [`run`] plans, reads partitions in parallel within a byte budget, writes, verifies, asks the [`CommitGate`] and
//! commits once. Whatever fails or panics on the way, the sink's staging is removed and the store's readers have seen
//! nothing. The [`Ledger`] is what a node remembers across a crash: its jobs, and the outcomes nobody has acknowledged.
//!
//! Nothing here knows a concrete store: only the traits of `sluice-store-core`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bandwidth;
mod behavior;
mod budget;
mod checkpoint;
mod continuation;
mod convert;
mod deal;
mod fault;
mod files;
mod gate;
mod help;
mod job;
mod ledger;
mod mapping;
mod native;
mod options;
mod outcome;
mod parts;
mod progress;
mod publish;
mod rejects;
mod road;
mod run;
mod settings;
mod stage;
mod step;
mod transfer;
mod tree;
mod verdict;
mod verify;
mod whereabouts;
mod worker;

pub use bandwidth::{Bandwidth, parse_rate, rate_text};
pub use budget::MemoryPool;
pub use continuation::{Continuation, Keeper};
pub use deal::{Deal, Dealer, SharedCopy};
pub use gate::{Always, CommitGate};
pub use help::help;
pub use job::CopyJob;
pub use ledger::{JobState, Ledger, LedgerJob, LedgerSummary, Outgoing, Received};
pub use options::CopyOptions;
pub use rejects::LogStores;
pub use run::run;
pub use settings::unserved;
pub use sluice_store_core::ContentHash;

#[cfg(test)]
mod tests;

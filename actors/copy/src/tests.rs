//! The copy, on test connectors that are real implementations of the stores' traits.

mod bandwidth;
mod budget;
mod cancel;
mod convert;
mod depot;
mod failures;
mod ledger;
mod ledger_crash;
mod ledger_disk;
mod mapping;
mod memory;
mod native;
mod options;
mod pool;
mod rejects;
mod resume;
mod road;
mod settings;
mod settings_page;
mod shape;
mod sink;
mod source;
mod support;
mod verify;

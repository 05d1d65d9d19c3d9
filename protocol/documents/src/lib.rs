//! Documents of Azure Data Factory as people have them: files of Data Factory's Git layout, JSON with comments, Resource
//! Manager templates. Read, put in the order in which they have to be made, and checked before anything is sent.
//!
//! * [`read`] makes [`Document`]s of a file's bytes; [`Values`] has the parameters of templates.
//! * [`order`] sorts them by what they refer to.
//! * [`check()`] says for each of them whether it will run here, is stored only, or is wrong, and why. What this build runs
//!   comes from the caller ([`Known`]): there is one list of stores and one of activities, and neither is here.
//!
//! No I/O: the caller reads files, and names them. Input may be anything: nothing panics, and every fault says file, line
//! and column.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arm;
mod check;
mod document;
mod kind;
mod names;
mod order;
mod read;
mod references;
mod reroute;
mod text;

pub use arm::Values;
pub use check::{Checked, CopyRules, Finding, Known, Severity, Store, Verdict, check};
pub use document::{Document, Origin};
pub use kind::{Contract, Kind};
pub use order::order;
pub use read::{Read, Skipped, read};
pub use references::{Reference, references};
pub use reroute::reroute;
pub use text::{Path, Place, Step};

#[cfg(test)]
mod tests;

//! What a family of stores serves and promises; the table of stores in the docs is made from it.

use serde::Serialize;

/// One kind of store, by ADF's names.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StoreKind {
    /// For people, such as `PostgreSQL`.
    pub title: &'static str,
    /// Linked service types.
    pub linked_services: &'static [&'static str],
    /// Dataset types; file stores list their formats' (`Parquet`, `DelimitedText`).
    pub datasets: &'static [&'static str],
    /// Copy source types.
    pub sources: &'static [&'static str],
    /// Copy sink types.
    pub sinks: &'static [&'static str],
    /// What it can do.
    pub capabilities: Capabilities,
}

/// What a store can do.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Capabilities {
    /// Can be read.
    pub read: bool,
    /// Can be written.
    pub write: bool,
    /// Splits one table or file into partitions that are read at the same time.
    pub partitions: bool,
    /// All partitions of one copy see the same snapshot.
    pub snapshot: bool,
    /// An attempt goes on with the partitions, or the blocks of a file, that an earlier one has staged.
    pub resumes: bool,
    /// A copy is published with one atomic step, and replaying it changes nothing.
    pub exactly_once: bool,
}

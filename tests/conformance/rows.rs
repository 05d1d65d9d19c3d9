//! What a row of the matrix says, and the tests that are made of it.

/// A store with one of its formats, as the suite tries it and `docs/stores.md` tells it.
pub(crate) struct Row {
    /// The function in `stores/` that starts it.
    pub(crate) place: &'static str,
    /// The store, by the title that its connector has.
    pub(crate) store: &'static str,
    /// The format; empty for tables.
    pub(crate) format: &'static str,
    /// When the sink reads back what it wrote.
    pub(crate) back: Back,
    /// Whether a table or file of twenty thousand rows is split.
    pub(crate) partitions: bool,
    /// What it was tested against.
    pub(crate) server: &'static str,
}

/// When a sink reads back what it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "a store may come that uses it")]
pub(crate) enum Back {
    /// Before the commit.
    Staged,
    /// Behind it.
    Published,
    /// Not at all: rows are counted.
    Never,
}

macro_rules! conformance {
    ($($place:ident $store:literal $format:literal $back:ident $partitions:literal $server:literal;)*) => {
        /// Every row.
        pub(crate) const MATRIX: &[Row] = &[$(Row {
            place: stringify!($place),
            store: $store,
            format: $format,
            back: Back::$back,
            partitions: $partitions,
            server: $server,
        }),*];
        $(mod $place {
            use super::super::{stores, suite};
            use super::row;
            conformance!(@tests $place: round_trip nothing_before_commit abort_leaves_nothing committed_once
                overtaken_attempt_is_fenced refusals missing_property reads_back);
        })*
    };
    (@tests $place:ident: $($test:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            suite::$test(stores::$place().await, row(stringify!($place))).await;
        })*
    };
}

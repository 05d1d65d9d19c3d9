//! One suite for all stores, against their real servers. A new store adds a file in `stores/` and a line below.

mod data;
mod place;
mod stores;
mod suite;

macro_rules! conformance {
    ($($store:ident)*) => {
        $(mod $store {
            use super::{stores, suite};
            conformance!(@tests $store: round_trip nothing_before_commit abort_leaves_nothing committed_once
                overtaken_attempt_is_fenced refusals missing_property);
        })*
    };
    (@tests $store:ident: $($test:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            suite::$test(stores::$store().await).await;
        })*
    };
}

conformance! {
    postgres
    file_parquet
    file_csv
    azurite_parquet
    azurite_csv
    sqlite
}

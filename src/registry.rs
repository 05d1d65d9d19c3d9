//! The one list of stores. A new store is one folder, one line here, one row in the conformance suite, one page.

use sluice_store_core::Stores;

/// Every family of stores of this build.
pub(crate) fn stores() -> Stores {
    Stores::new(vec![
        sluice_store_postgres::connector(),
        sluice_store_mysql::connector(),
        sluice_store_sqlserver::connector(),
        sluice_store_sqlite::connector(),
        sluice_store_file::connector(),
        sluice_store_object::connector(),
    ])
}

//! The tables of stores say what the connectors say and the conformance suite has shown.

use crate::conformance::{Back, MATRIX};
use sluice_store_core::{Connector, StoreKind};
use sluice_tests::root;
use std::fmt::Write;
use std::sync::Arc;

/// Between this line and the next heading stands what is made here.
const STORES: &str = "<!-- made by the test pages::stores: stores -->\n";
const NAMES: &str = "<!-- made by the test pages::stores: names -->\n";
const END: &str = "<!-- end -->\n";

/// Every family, as `src/registry.rs` has them.
pub(super) fn connectors() -> Vec<Arc<dyn Connector>> {
    vec![
        sluice_store_postgres::connector(),
        sluice_store_mysql::connector(),
        sluice_store_sqlserver::connector(),
        sluice_store_sqlite::connector(),
        sluice_store_file::connector(),
        sluice_store_object::connector(),
    ]
}

fn kinds() -> Vec<StoreKind> {
    connectors()
        .iter()
        .flat_map(|connector| connector.kinds().to_vec())
        .collect()
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn stores() -> String {
    let mut table = "| store | format | read | write | partitions | snapshot | exactly once | content verified | resumes | tested against |\n\
        |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in MATRIX {
        let kind = kinds().into_iter().find(|kind| kind.title == row.store);
        let can = kind
            .unwrap_or_else(|| panic!("no connector has the title {:?}", row.store))
            .capabilities;
        let verified = match row.back {
            Back::Staged => "before the commit",
            Back::Published => "behind the commit",
            Back::Never => "rows only",
        };
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {verified} | {} | {} |",
            row.store,
            if row.format.is_empty() {
                "its tables"
            } else {
                row.format
            },
            yes(can.read),
            yes(can.write),
            yes(row.partitions),
            yes(can.snapshot),
            yes(can.exactly_once),
            yes(can.resumes),
            row.server
        )
        .unwrap();
    }
    table
}

fn names() -> String {
    let list = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut table = "| store | linked services | datasets | sources | sinks |\n|---|---|---|---|---|\n".to_owned();
    for kind in kinds() {
        let (services, datasets) = (list(kind.linked_services), list(kind.datasets));
        let (sources, sinks) = (list(kind.sources), list(kind.sinks));
        writeln!(
            table,
            "| {} | {services} | {datasets} | {sources} | {sinks} |",
            kind.title
        )
        .unwrap();
    }
    table
}

/// The page with its tables made anew.
fn renewed(page: &str) -> String {
    let mut page = page.to_owned();
    for (mark, table) in [(STORES, stores()), (NAMES, names())] {
        let (before, rest) = page
            .split_once(mark)
            .unwrap_or_else(|| panic!("docs/stores.md has no line {mark}"));
        let (_, after) = rest.split_once(END).expect("a table in docs/stores.md has no end");
        page = format!("{before}{mark}{table}{END}{after}");
    }
    page
}

#[test]
fn the_tables_of_stores_are_true() {
    let path = root().join("docs/stores.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let renewed = renewed(&page);
    if std::env::var_os("SLUICE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &renewed).unwrap();
        return;
    }
    assert!(
        page == renewed,
        "docs/stores.md is not what the suite and the connectors say: SLUICE_UPDATE_DOCS=1 cargo nextest run --workspace pages::"
    );
}

/// What no row has shown is not said.
#[test]
fn every_store_has_a_row() {
    for kind in kinds() {
        assert!(
            MATRIX.iter().any(|row| row.store == kind.title),
            "{} is not in the matrix",
            kind.title
        );
    }
}

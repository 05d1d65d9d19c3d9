//! The table of stores says what the connectors say.

use sluice_store_core::{Capabilities, StoreKind};
use sluice_tests::root;

fn kinds() -> Vec<StoreKind> {
    let connectors = [
        sluice_store_postgres::connector(),
        sluice_store_sqlite::connector(),
        sluice_store_file::connector(),
        sluice_store_object::connector(),
    ];
    connectors
        .iter()
        .flat_map(|connector| connector.kinds())
        .copied()
        .collect()
}

#[test]
fn the_table_of_stores_is_true() {
    let page = std::fs::read_to_string(root().join("docs/stores.md")).unwrap();
    let names = page.split("## Names").nth(1).expect("a table of names");
    for kind in kinds() {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {} |", kind.title)))
            .unwrap_or_else(|| panic!("docs/stores.md has no row for {}", kind.title));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Capabilities {
            read,
            write,
            partitions,
            snapshot,
            exactly_once,
        } = kind.capabilities;
        for (column, says, is) in [
            ("read", cells[2], read),
            ("write", cells[3], write),
            ("partitions", cells[5], partitions),
            ("snapshot", cells[6], snapshot),
            ("exactly once", cells[7], exactly_once),
        ] {
            assert_eq!(
                says.starts_with("yes"),
                is,
                "{}: {column} is {says:?} in docs/stores.md",
                kind.title
            );
        }
        for name in [kind.linked_services, kind.datasets, kind.sources, kind.sinks].concat() {
            assert!(
                names.contains(&format!("`{name}`")),
                "docs/stores.md does not name {name}"
            );
        }
    }
}

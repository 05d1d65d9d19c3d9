//! Dependencies point one way: contract <- channel, seal, runtime, stores/core <- stores, copy, agent, factory <- the binary.

use super::{members, metadata};
use std::collections::BTreeMap;

/// Which crates of the house each one may know. A crate that is not here has no place yet.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("sluice-contract", &[]),
    ("sluice-dotnet", &[]),
    ("sluice-expression", &["sluice-dotnet"]),
    ("sluice-schedule", &["sluice-dotnet"]),
    (
        "sluice-adf-v1",
        &["sluice-contract", "sluice-dotnet", "sluice-expression"],
    ),
    (
        "sluice-documents",
        &["sluice-contract", "sluice-expression", "sluice-schedule"],
    ),
    ("sluice-runtime", &[]),
    ("sluice-seal", &["sluice-contract"]),
    // How other machines are reached, by the channel and by stores.
    ("sluice-net", &["sluice-contract"]),
    ("sluice-http", &["sluice-contract", "sluice-net"]),
    ("sluice-channel", &["sluice-contract", "sluice-net"]),
    ("sluice-store-core", &["sluice-contract", "sluice-net"]),
    ("sluice-store-formats", &["sluice-contract", "sluice-store-core"]),
    ("sluice-store-file", STORE),
    ("sluice-store-wire", &["sluice-contract", "sluice-net"]),
    ("sluice-store-mysql", WIRE),
    ("sluice-store-object", OBJECT),
    ("sluice-store-postgres", WIRE),
    ("sluice-store-sqlite", STORE),
    ("sluice-store-sqlserver", STORE),
    // Knows no concrete store and no actor.
    (
        "sluice-copy",
        &["sluice-contract", "sluice-dotnet", "sluice-store-core"],
    ),
    ("sluice-activities", &["sluice-contract", "sluice-store-core"]),
    // A call of a web address, from a node or the factory.
    ("sluice-web", &["sluice-contract", "sluice-http", "sluice-net"]),
    // Never sees a store.
    (
        "sluice-factory",
        &[
            "sluice-adf-v1",
            "sluice-contract",
            "sluice-channel",
            "sluice-expression",
            "sluice-schedule",
            "sluice-seal",
            "sluice-runtime",
            "sluice-web",
        ],
    ),
    (
        "sluice-agent",
        &[
            "sluice-contract",
            "sluice-channel",
            "sluice-http",
            "sluice-net",
            "sluice-seal",
            "sluice-runtime",
            "sluice-store-core",
            "sluice-activities",
            "sluice-copy",
            "sluice-web",
        ],
    ),
];

/// A store knows no actor, no channel, no copy and no other store.
const STORE: &[&str] = &["sluice-contract", "sluice-store-core", "sluice-store-formats"];

/// And one that is called over HTTP.
const OBJECT: &[&str] = &[
    "sluice-contract",
    "sluice-http",
    "sluice-net",
    "sluice-store-core",
    "sluice-store-formats",
];

/// And one that speaks its server's protocol itself.
const WIRE: &[&str] = &[
    "sluice-contract",
    "sluice-store-core",
    "sluice-store-formats",
    "sluice-store-wire",
];

/// The binary, and the tests, may know everything but each other.
const TOP: &[&str] = &["sluice", "sluice-tests"];

/// The complaints about a set of arrows `(from, to)`.
fn wrong<'a>(arrows: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().copied().collect();
    let mut complaints = Vec::new();
    for (from, to) in arrows {
        if TOP.contains(&from) && !TOP.contains(&to) {
            continue;
        }
        match allowed.get(from) {
            None => complaints.push(format!("{from} has no place in tests/arch/arrows.rs")),
            Some(may) if may.contains(&to) => {}
            Some(_) => complaints.push(format!("{from} must not depend on {to}")),
        }
    }
    complaints
}

/// Every dependency of a member on another member, dev-dependencies too. Only what starts the servers that tests need
/// (tests/support) may be known by the tests of any crate: nothing of it is in a program.
fn arrows() -> Vec<(&'static str, &'static str)> {
    let members = members();
    let mut arrows = Vec::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let from = package["name"].as_str().unwrap();
        if !members.contains(from) {
            continue;
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            if to == "sluice-tests" && dependency["kind"] == "dev" {
                continue;
            }
            if let Some(to) = members.get(to) {
                arrows.push((from, *to));
            }
        }
    }
    arrows
}

#[test]
fn dependencies_point_one_way() {
    let arrows = arrows();
    assert!(arrows.len() > 20, "cargo metadata told too little: {arrows:?}");
    let wrong = wrong(arrows);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let without_place: Vec<_> = members()
        .into_iter()
        .filter(|member| !TOP.contains(member) && !MAY_KNOW.iter().any(|(name, _)| name == member))
        .collect();
    assert!(
        without_place.is_empty(),
        "no place in tests/arch/arrows.rs: {without_place:?}"
    );
}

/// The check itself: it has to see what it is there for.
#[test]
fn a_wrong_arrow_is_seen() {
    for (from, to) in [
        ("sluice-store-postgres", "sluice-copy"),
        ("sluice-store-sqlite", "sluice-runtime"),
        ("sluice-store-file", "sluice-store-object"),
        ("sluice-copy", "sluice-store-postgres"),
        ("sluice-factory", "sluice-store-core"),
        ("sluice-contract", "sluice-channel"),
        ("sluice-agent", "sluice-factory"),
        ("sluice-runtime", "sluice-contract"),
        ("sluice", "sluice-tests"),
        ("sluice-new", "sluice-contract"),
    ] {
        assert_eq!(wrong([(from, to)]).len(), 1, "{from} -> {to}");
    }
    assert!(wrong([("sluice", "sluice-factory"), ("sluice-copy", "sluice-store-core")]).is_empty());
}

/// Only the binary's registry names all stores; nothing else there reaches past the traits.
#[test]
fn only_the_registry_names_the_stores() {
    let mut found = Vec::new();
    for file in super::files::rust_files(&["src"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let stores = [
            "sluice_store_postgres",
            "sluice_store_sqlite",
            "sluice_store_file",
            "sluice_store_object",
        ];
        if stores.iter().any(|store| text.contains(store)) {
            found.push(file.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert_eq!(found, ["registry.rs"]);
}

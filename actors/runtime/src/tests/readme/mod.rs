//! The examples work, and that of the README is the one in the README.

#[allow(dead_code, unreachable_pub)]
mod example;

#[allow(dead_code, unreachable_pub)]
#[path = "../../../examples/depot.rs"]
mod depot;

#[test]
fn the_examples_work() {
    super::world::hush();
    assert_eq!(example::program(), 0);
    assert_eq!(depot::program(), 0);
}

#[test]
fn the_example_is_the_readmes() {
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(include_str!("example.rs")),
        "README.md differs from example.rs"
    );
}

/// Every test that the README's table of proofs names is there.
#[test]
fn the_named_tests_exist() {
    let readme = include_str!("../../../README.md");
    let table = readme.split("## What is proven").nth(1).unwrap();
    let table = table.split("## Example").next().unwrap();
    let mut sources = String::new();
    collect(
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut sources,
    );
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    // Names stand in the last column.
    let names = rows
        .filter_map(|row| row.split(" | ").nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut count = 0;
    for name in names {
        assert!(sources.contains(&format!("fn {name}()")), "{name}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

fn collect(folder: &std::path::Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

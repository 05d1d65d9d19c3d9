//! What a page says is tested is: the tests that docs/security.md names are there.

use super::files::rust_files;
use std::collections::BTreeSet;

/// The functions that are tests, and the modules and files that hold tests.
fn tests() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut functions, mut modules) = (BTreeSet::new(), BTreeSet::new());
    let name_behind = |line: &str, word: &str| {
        let name = line.split_once(word)?.1;
        let end = name
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        Some(name[..end].to_owned())
    };
    for path in rust_files(&["src", "actors", "protocol", "tests"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut next_is_test = false;
        let before = functions.len();
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                next_is_test = true;
            } else if next_is_test && line.contains("fn ") {
                functions.extend(name_behind(line, "fn "));
                next_is_test = false;
            } else if line.starts_with("fn ") && text.contains("proptest!") {
                functions.extend(name_behind(line, "fn "));
            } else if line.starts_with("mod ") && line.ends_with('{') {
                modules.extend(name_behind(line, "mod "));
            }
        }
        if functions.len() > before {
            modules.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            // `tests/mod.rs` and the like are known by their folder.
            let folder = path.parent().and_then(|folder| folder.file_name());
            modules.extend(folder.map(|folder| folder.to_string_lossy().into_owned()));
        }
    }
    (functions, modules)
}

/// What stands between backticks in the last column of the table of attacks.
fn named() -> Vec<String> {
    let page = std::fs::read_to_string(sluice_tests::root().join("docs/security.md")).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| A") || "BCDE".chars().any(|c| line.starts_with(&format!("| {c}"))));
    let cells = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit('|').next());
    let mut found = Vec::new();
    for cell in cells {
        found.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    found
}

#[test]
fn every_test_that_the_page_of_security_names_is_there() {
    let (functions, modules) = tests();
    let named = named();
    assert!(named.len() > 40, "too few names were found: {named:?}");
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut missing = Vec::new();
    for name in &named {
        let there = if name.contains('/') {
            sluice_tests::root().join(name).exists()
        } else {
            let mut parts = name.split("::");
            match parts.all(is_name) {
                // Options, codes and settings are no tests.
                false => true,
                true => {
                    let last = name.rsplit("::").next().unwrap_or(name);
                    functions.contains(last) || modules.contains(last)
                }
            }
        };
        if !there {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

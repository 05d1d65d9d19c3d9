//! A file is one idea.

use std::path::{Path, PathBuf};

/// No file is longer.
const LONGEST: usize = 800;
/// Half of the files are shorter.
const MEDIAN: usize = 150;

/// Every Rust file below some folders of the checkout.
pub(super) fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        walk(&sluice_tests::root().join(folder), &mut found);
    }
    found
}

#[test]
fn files_are_short() {
    let files = rust_files(&["src", "actors", "protocol", "tests"]);
    let mut lines: Vec<(usize, PathBuf)> = files
        .into_iter()
        .map(|path| (std::fs::read_to_string(&path).unwrap().lines().count(), path))
        .collect();
    assert!(lines.len() > 50, "too few files were found: {lines:?}");
    lines.sort();
    let too_long: Vec<_> = lines.iter().filter(|(count, _)| *count > LONGEST).collect();
    assert!(too_long.is_empty(), "over {LONGEST} lines: {too_long:#?}");
    let median = lines[lines.len() / 2].0;
    assert!(median <= MEDIAN, "the median is {median} lines");
}

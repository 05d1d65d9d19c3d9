//! The table of settings in `docs/adf.md` is the one in the code.

use std::path::PathBuf;

#[test]
fn the_page_says_what_is_done_with_every_setting() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/adf.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let renewed = [crate::settings::markdown(), crate::settings::markdown_of_files()]
        .iter()
        .fold(page.clone(), |page, table| with(&page, table));
    if renewed == page {
        return;
    }
    let write = std::env::var_os("SLUICE_WRITE_DOCS").is_some_and(|value| value == "1");
    assert!(
        write,
        "the settings in docs/adf.md are not those of the code. Write them with:\n  \
         SLUICE_WRITE_DOCS=1 cargo test -p sluice-copy the_page_says_what_is_done_with_every_setting"
    );
    std::fs::write(&path, renewed).unwrap();
}

/// The page with this table.
fn with(page: &str, wanted: &str) -> String {
    let head = wanted.lines().next().unwrap();
    let begin = page.find(head).expect("docs/adf.md has no such table of Copy settings");
    let end = page[begin..].find("\n\n").map_or(page.len(), |at| begin + at + 1);
    format!("{}{wanted}{}", &page[..begin], &page[end..])
}

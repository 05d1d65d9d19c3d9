//! The catalogue of error codes, and the pages in `docs/errors` that are made from it.

use crate::codes::{ALL, Code, ErrorPage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

fn pages() -> impl Iterator<Item = &'static ErrorPage> {
    ALL.iter().map(|code| code.page())
}

#[test]
fn codes_are_unique_and_sorted() {
    let codes: Vec<&str> = pages().map(|page| page.code).collect();
    for pair in codes.windows(2) {
        assert!(pair[0] < pair[1], "{} stands before {}", pair[0], pair[1]);
    }
    for code in codes {
        let number = code.strip_prefix("SL").and_then(|number| number.parse::<u32>().ok());
        assert!(
            code.len() == 6 && number.is_some_and(|n| (1_000..10_000).contains(&n)),
            "{code}"
        );
        assert_eq!(Code::parse(&code.to_lowercase()).map(Code::as_str), Some(code));
    }
    assert_eq!(Code::parse("SL0000"), None);
}

#[test]
fn titles_are_unique() {
    let titles: BTreeSet<&str> = pages().map(|page| page.title).collect();
    assert_eq!(titles.len(), ALL.len());
}

#[test]
fn texts_are_sentences() {
    for page in pages() {
        let ErrorPage {
            code,
            title,
            cause,
            next,
            ..
        } = page;
        assert!(
            !title.is_empty() && !title.ends_with('.'),
            "{code}: the title is no sentence: {title}"
        );
        for text in [cause, next] {
            assert!(text.ends_with('.'), "{code}: no period at the end: {text}");
            assert!(
                text.chars().count() > 7 && text.trim() == *text && !text.contains("  "),
                "{code}: {text}"
            );
            assert!(
                text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()),
                "{code}: {text}"
            );
        }
    }
}

#[test]
fn a_code_survives_json_and_an_unknown_one_is_no_error() {
    for code in ALL {
        let text = serde_json::to_string(code).unwrap();
        assert_eq!(serde_json::from_str::<Code>(&text).unwrap(), *code);
    }
    assert_eq!(serde_json::from_str::<Code>("\"SL1999\"").unwrap(), Code::UnknownCode);
}

/// Every file of `docs/errors`, by name.
fn files() -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = pages()
        .map(|page| (format!("{}.md", page.code), page.to_markdown()))
        .collect();
    let mut index = String::from(
        "# Error codes\n\nEvery error that Sluice shows has one of these codes; `sluice explain CODE` prints its page.\n\n\
         | Code | What | Worth retrying |\n|---|---|---|\n",
    );
    for ErrorPage {
        code, title, retryable, ..
    } in pages()
    {
        let retry = if *retryable { "yes" } else { "no" };
        let _ = writeln!(index, "| [{code}]({code}.md) | {title} | {retry} |");
    }
    files.insert("README.md".to_owned(), index);
    files
}

#[test]
fn the_pages_are_those_of_the_catalogue() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let wanted = files();
    let write = std::env::var_os("SLUICE_WRITE_DOCS").is_some_and(|value| value == "1");
    if write {
        std::fs::create_dir_all(&dir).unwrap();
    }
    let mut wrong = Vec::new();
    for (name, text) in &wanted {
        let path = dir.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == *text) {
            continue;
        }
        if write {
            std::fs::write(&path, text).unwrap();
        } else {
            wrong.push(format!("{name} is missing or differs"));
        }
    }
    for entry in std::fs::read_dir(&dir).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if wanted.contains_key(&name) {
            continue;
        }
        if write {
            std::fs::remove_file(entry.path()).unwrap();
        } else {
            wrong.push(format!("{name} belongs to no code"));
        }
    }
    let some = wrong.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ");
    assert!(
        wrong.is_empty(),
        "docs/errors is not what the catalogue says: {} files, such as: {some}. Write it with:\n  \
         SLUICE_WRITE_DOCS=1 cargo test -p sluice-contract the_pages_are_those_of_the_catalogue",
        wrong.len()
    );
}

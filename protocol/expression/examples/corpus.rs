//! Counts the expressions in folders of JSON documents, and says which of them do not parse.
//!
//!     cargo run -p sluice-expression --example corpus FOLDER..
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use sluice_expression::{Template, is_expression};
use std::path::Path;

#[derive(Default)]
struct Found {
    files: usize,
    unreadable: usize,
    expressions: usize,
    wrong: Vec<String>,
}

fn main() {
    let mut found = Found::default();
    for folder in std::env::args().skip(1) {
        walk(Path::new(&folder), &mut found);
    }
    println!(
        "{} files ({} are no JSON), {} expressions, {} do not parse",
        found.files,
        found.unreadable,
        found.expressions,
        found.wrong.len()
    );
    for wrong in &found.wrong {
        println!("{wrong}");
    }
}

fn walk(folder: &Path, found: &mut Found) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.files += 1;
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
                Ok(document) => look(&document, &path, found),
                Err(_) => found.unreadable += 1,
            }
        }
    }
}

fn look(value: &Value, path: &Path, found: &mut Found) {
    match value {
        Value::String(text) if text.starts_with('@') || text.contains("@{") => check(text, path, found),
        Value::Object(object) if is_expression(value) => {
            if let Some(text) = object.get("value").and_then(Value::as_str) {
                check(text, path, found);
            }
        }
        Value::Object(object) => object.values().for_each(|inner| look(inner, path, found)),
        Value::Array(items) => items.iter().for_each(|inner| look(inner, path, found)),
        _ => {}
    }
}

fn check(text: &str, path: &Path, found: &mut Found) {
    found.expressions += 1;
    if let Err(error) = Template::parse(text) {
        found.wrong.push(format!("{}: {error}: {text}", path.display()));
    }
}

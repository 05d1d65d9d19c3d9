//! The documents of files and folders.

use super::args::DocumentArgs;
use crate::api::read_secret;
use sluice_contract::{Code, Fault};
use sluice_documents::{Document, Read, Skipped, Values};
use std::path::Path;

/// The largest file that is read: real documents are below a tenth of it.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Reads everything that was named. Files in folders that are no documents are left out; a file that was named itself
/// has to hold some.
pub(super) fn collect(args: &DocumentArgs, values: &Values) -> Result<Read, Fault> {
    let mut all = Read::default();
    for path in args.all() {
        let before = all.documents.len();
        walk(path, values, &mut all)?;
        if all.documents.len() == before && path.is_file() {
            let why = all.skipped.last().map_or("it is empty", |skipped| skipped.why.as_str());
            return Err(Fault::new(Code::DocumentUnclear, format!("{}: {why}", path.display())));
        }
    }
    if let Some(gateway) = &args.gateway {
        sluice_documents::reroute(&mut all.documents, gateway);
    }
    if all.documents.is_empty() {
        return Err(Fault::new(
            Code::FileNotFound,
            "no document was found: no .json file with one in the folders given",
        ));
    }
    Ok(all)
}

fn walk(path: &Path, values: &Values, all: &mut Read) -> Result<(), Fault> {
    if !path.is_dir() {
        let read = sluice_documents::read(&path.display().to_string(), &bytes(path)?, values)?;
        all.documents.extend(read.documents);
        all.skipped.extend(read.skipped);
        return Ok(());
    }
    let unreadable = |e| Fault::new(Code::FileUnreadable, format!("{}: {e}", path.display()));
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for entry in entries {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if entry.is_dir() {
            walk(&entry, values, all)?;
        } else if entry.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            found(&entry, values, all)?;
        }
    }
    Ok(())
}

/// A file that was found in a folder: one whose kind nobody can tell belongs to something else.
fn found(path: &Path, values: &Values, all: &mut Read) -> Result<(), Fault> {
    match walk(path, values, all) {
        Err(fault) if fault.code == Code::DocumentUnclear => {
            all.skipped.push(Skipped {
                what: path.display().to_string(),
                why: fault.message,
            });
            Ok(())
        }
        other => other,
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |cause: String| Fault::new(Code::FileUnreadable, format!("{}: {cause}", path.display()));
    let length = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?.len();
    if length > LIMIT {
        return Err(unreadable(format!(
            "it has {length} bytes, and more than {LIMIT} is no document"
        )));
    }
    std::fs::read(path).map_err(|e| unreadable(e.to_string()))
}

/// The parameters that were given.
pub(super) fn values(args: &DocumentArgs, mut values: Values) -> Result<Values, Fault> {
    for file in &args.parameters {
        values
            .take_file(&bytes(file)?)
            .map_err(|fault| fault.context(file.display()))?;
    }
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or_default();
        (!name.is_empty())
            .then(|| (name.to_owned(), value.to_owned()))
            // The text is not repeated: somebody may have typed a secret.
            .ok_or_else(|| Fault::new(Code::Usage, "--set and --set-file take NAME=VALUE"))
    };
    for text in &args.set {
        let (name, value) = pair(text)?;
        values.set_argument(&name, &value);
    }
    for text in &args.set_file {
        let (name, file) = pair(text)?;
        values.set(&name, &read_secret(Path::new(&file))?);
    }
    Ok(values)
}

/// What was left out, for people.
pub(super) fn tell_skipped(skipped: &[Skipped]) {
    for Skipped { what, why } in skipped {
        crate::cli::note(format_args!("left out: {what}: {why}"));
    }
}

/// How many documents, in words.
pub(super) fn counted(documents: &[Document]) -> String {
    match documents.len() {
        1 => "1 document".to_owned(),
        many => format!("{many} documents"),
    }
}

//! Which files are there: what a trigger of files that come and go asks for.

use sluice_contract::message::{FileSeen, FilesLook, FilesSeen};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::Connection;
use sluice_store_core::files::{Entry, Watched};
use std::sync::Arc;

/// Bytes of the files of one part: with its envelope it stays below what the channel takes, also where every character of a
/// path has to be escaped.
const PART_BYTES: usize = 80 * 1024;
/// Bytes that a file takes beside its path and version.
const FILE_BYTES: usize = 100;

/// Looks once. The answer in parts, of which there is one at least.
///
/// # Errors
/// `SL4036` and `SL4037` for what the trigger asks, `SL6013` when the store has no files, and other `SL60xx`.
pub async fn look(store: &Arc<dyn Connection>, asked: &FilesLook) -> Result<Vec<FilesSeen>, Fault> {
    let files = store.files().ok_or_else(|| {
        let text = format!("the linked service {} holds no files", asked.endpoint.name);
        Fault::new(Code::PropertyMissing, text)
    })?;
    let watched = Watched {
        container: asked.container.clone(),
        begins: asked.begins.clone(),
        ends: asked.ends.clone(),
        most: usize::try_from(asked.most).unwrap_or(usize::MAX),
    };
    Ok(parts(&asked.look, files.watch(&watched).await?))
}

/// In the order of their paths, cut where a message is full.
fn parts(look: &str, entries: Vec<Entry>) -> Vec<FilesSeen> {
    let all = entries.len();
    let seen = |entry: Entry| FileSeen {
        path: entry.label(),
        size: entry.size,
        version: entry.version,
        modified: entry.modified,
        extra: Object::new(),
    };
    let mut files: Vec<FileSeen> = entries.into_iter().map(seen).collect();
    files.retain(|file| file.path.len() <= FileSeen::LONGEST);
    let left_out = u32::try_from(all - files.len()).unwrap_or(u32::MAX);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut parts = vec![FilesSeen {
        look: look.to_owned(),
        left_out,
        ..FilesSeen::default()
    }];
    let mut bytes = 0;
    for file in files {
        let more = escaped(&file.path) + escaped(&file.version) + FILE_BYTES;
        let last = parts.last().and_then(|part| part.files.last());
        if bytes + more > PART_BYTES
            && let Some(last) = last.map(|file| file.path.clone())
        {
            bytes = 0;
            if let Some(part) = parts.last_mut() {
                part.until = Some(last.clone());
            }
            parts.push(FilesSeen {
                look: look.to_owned(),
                after: Some(last),
                ..FilesSeen::default()
            });
        }
        bytes += more;
        if let Some(part) = parts.last_mut() {
            part.files.push(file);
        }
    }
    let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    for (number, part) in (0..).zip(&mut parts) {
        (part.part, part.of) = (number, of);
    }
    parts
}

/// Bytes of a text in JSON, at most.
fn escaped(text: &str) -> usize {
    let one = |c: char| match c {
        '"' | '\\' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_contract::{Envelope, Message};

    fn entry(path: String) -> Entry {
        Entry {
            container: String::new(),
            path,
            size: 7,
            version: "\"0x8DC0123456789AB\"".to_owned(),
            modified: Some(chrono::DateTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn parts_hold_all_between_their_ends_and_fit_into_a_message() {
        for path in [
            |number: usize| format!("{:06}-{}.csv", 5000 - number, "x".repeat(number % 90)),
            |number: usize| format!("{:06}-{}", 5000 - number, "\u{1}".repeat(900)),
        ] {
            let parts = parts("l", (0..5000).map(|number| entry(path(number))).collect());
            assert!(parts.len() > 3);
            let mut before: Option<String> = None;
            for (number, part) in parts.iter().enumerate() {
                assert_eq!((part.part as usize, part.of as usize), (number, parts.len()));
                assert_eq!(part.after, before);
                before.clone_from(&part.until);
                let within = |file: &FileSeen| {
                    part.after.as_ref().is_none_or(|after| file.path > *after)
                        && part.until.as_ref().is_none_or(|until| file.path <= *until)
                };
                assert!(part.files.iter().all(within));
                let message = Message::FilesSeen(part.clone());
                Envelope::new("g".into(), &message).encode().unwrap();
            }
            assert_eq!(before, None);
            assert_eq!(parts.iter().map(|part| part.files.len()).sum::<usize>(), 5000);
        }
    }

    #[test]
    fn nothing_is_one_part_and_long_paths_are_counted() {
        let none = parts("l", Vec::new());
        assert_eq!((none.len(), none[0].of, none[0].files.len()), (1, 1, 0));
        let long = parts("l", vec![entry("x".repeat(1025)), entry("x".repeat(1024))]);
        assert_eq!((long[0].left_out, long[0].files.len()), (1, 1));
    }
}

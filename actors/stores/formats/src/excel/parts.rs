//! What the parts of an `.xlsx` unpack to, told before the workbook's reader sees them: it holds the texts and styles in memory, and
//! of a sheet whatever stands in one tag or between two. A small file can unpack to gigabytes of either, and what it says of its
//! sizes need not be true.

use crate::fault;
use sluice_contract::Fault;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// What is in memory besides the file: texts and styles that unpack to more are refused.
const PARTS_MAX: u64 = 256 << 20;
/// One tag, or the text between two. A cell of Excel's has 32,767 characters.
const RUN_MAX: usize = 4 << 20;
/// What one read asks for.
const CHUNK: usize = 64 << 10;

/// Refuses a workbook that would fill the memory.
pub(super) fn check(label: &str, bytes: &[u8]) -> Result<(), Fault> {
    let damaged = |error| fault::data(label, format!("not a readable workbook: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let (mut size, mut chunk) = (0u64, vec![0; CHUNK]);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.to_ascii_lowercase();
        let is_sheet = name.contains("worksheets/");
        let mut run = (is_sheet || name.ends_with("sharedstrings.xml")).then(Run::default);
        loop {
            let read = part.read(&mut chunk).map_err(|error| fault::of_io(label, &error))?;
            if read == 0 {
                break;
            }
            size = size.saturating_add(if is_sheet { 0 } else { read as u64 });
            if size > PARTS_MAX {
                let text = format!(
                    "its texts unpack to more than {} MiB; save its sheet as CSV",
                    PARTS_MAX >> 20
                );
                return Err(fault::data(label, text));
            }
            if run.as_mut().is_some_and(|run| !run.goes_on(&chunk[..read])) {
                let text = format!(
                    "{name} has a text or a tag of more than {} MiB, which no cell has",
                    RUN_MAX >> 20
                );
                return Err(fault::data(label, text));
            }
        }
    }
    Ok(())
}

/// The tag or the text that one is in, of XML that is read on and on.
#[derive(Default)]
struct Run {
    within: Within,
    length: usize,
    last: [u8; 2],
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Text,
    Tag,
    /// A value of a tag, between two of these.
    Value(u8),
    /// Behind `<!`.
    Declared,
    /// A comment (`-`), CDATA (`[`) or an instruction (`?`), in which tags stand for themselves.
    Other(u8),
}

impl Run {
    /// Reads on; false when it has become too long.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.length += 1;
            let next = match (self.within, *byte) {
                (Within::Text, b'<') => Within::Tag,
                (Within::Tag, b'!') if self.length == 1 => Within::Declared,
                (Within::Tag, b'?') if self.length == 1 => Within::Other(b'?'),
                (Within::Declared, kind) => Within::Other(kind),
                (Within::Tag, b'>') => Within::Text,
                (Within::Tag, quote @ (b'"' | b'\'')) => Within::Value(quote),
                (Within::Value(quote), byte) if byte == quote => Within::Tag,
                (Within::Other(kind), b'>')
                    if matches!(
                        (kind, self.last),
                        (b'-', [b'-', b'-']) | (b'[', [b']', b']']) | (b'?', [_, b'?'])
                    ) =>
                {
                    Within::Text
                }
                (same, _) => same,
            };
            if (self.within == Within::Text) != (next == Within::Text) {
                self.length = 0;
            }
            self.within = next;
            self.last = [self.last[1], *byte];
            if self.length > RUN_MAX {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_long_in_itself_is_too_long() {
        let goes_on = |head: &str, inside: &str, tail: &str| {
            let text = format!("{head}{}{tail}", inside.repeat((RUN_MAX + 100) / inside.len()));
            let mut run = Run::default();
            text.as_bytes().chunks(1000).all(|bytes| run.goes_on(bytes))
        };
        assert!(goes_on("<sheetData>", "<c r=\"A1\" t='n'><v>1</v></c>", "</sheetData>"));
        assert!(goes_on("<a>", "<!-- x --><![CDATA[<a>]]><?b c?>>", "</a>"));
        for (head, inside, tail) in [
            ("<t>", "text", "</t>"),
            ("<t>", "a>", "</t>"),
            ("<c r=\"", "<c>", "\"/>"),
            ("<c ", "a='b' ", "/>"),
            ("<t><![CDATA[", "<c>", "]]></t>"),
            ("<!-- ]]> ?>", "<c>", "-->"),
            ("<![CDATA[ -->", "<c>", "]]>"),
        ] {
            assert!(!goes_on(head, inside, tail), "{head}{inside}..");
        }
    }
}

//! Line and column of a value in a JSON text.

use super::{Path, Step};
use std::fmt;

/// A place in a text, both from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// From a line and a column in bytes.
pub(super) fn of_bytes(text: &str, line: usize, column: usize) -> Place {
    let found = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = found
        .char_indices()
        .take_while(|(at, _)| *at < column.saturating_sub(1));
    Place {
        line: line.max(1),
        column: before.count() + 1,
    }
}

/// Where a value begins in a text that is valid JSON. Where the way leads nowhere, the place of the last value on it.
pub(crate) fn locate(text: &str, path: &Path) -> Place {
    let mut cursor = Cursor { text, at: 0 };
    cursor.space();
    for step in &path.0 {
        let here = cursor.at;
        if cursor.down(step).is_none() {
            cursor.at = here;
            break;
        }
    }
    let before = &text[..cursor.at];
    let line = before.bytes().filter(|letter| *letter == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        line,
        column: before[start..].chars().count() + 1,
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|letter| letter.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Takes this letter, and the space around it.
    fn take(&mut self, letter: u8) -> Option<()> {
        self.space();
        (self.peek()? == letter).then(|| self.at += 1)?;
        self.space();
        Some(())
    }

    /// From a value to the one below it.
    fn down(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Name(name) => self.member(name),
            Step::Index(index) => {
                self.take(b'[')?;
                for _ in 0..*index {
                    self.skip()?;
                    self.take(b',')?;
                }
                (self.peek()? != b']').then_some(())
            }
        }
    }

    /// The exact name goes before one that differs in case only; of several the last one counts, as it does in the value.
    fn member(&mut self, name: &str) -> Option<()> {
        self.take(b'{')?;
        let (mut exact, mut similar) = (None, None);
        while self.peek()? != b'}' {
            let key = self.string()?;
            self.take(b':')?;
            if key == name {
                exact = Some(self.at);
            } else if key.eq_ignore_ascii_case(name) {
                similar = similar.or(Some(self.at));
            }
            self.skip()?;
            self.space();
            if self.take(b',').is_none() {
                break;
            }
        }
        self.at = exact.or(similar)?;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        serde_json::from_str(&self.text[start..self.at]).ok()
    }

    fn skip_string(&mut self) -> Option<()> {
        (self.peek()? == b'"').then(|| self.at += 1)?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Over a whole value. Brackets are counted: depth costs nothing.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return None,
                _ => {
                    let end = |letter: u8| letter.is_ascii_whitespace() || b",:]}".contains(&letter);
                    while self.peek().is_some_and(|letter| !end(letter)) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

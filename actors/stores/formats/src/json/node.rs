//! One document, taken apart. Numbers keep the digits that they are written with.

use super::scan::DEPTH_MAX;
use std::borrow::Cow;
use std::collections::HashSet;

/// Values of one document: each takes memory, however short it is written.
const VALUES_MAX: usize = 2 << 20;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// Its elements, and how it is written.
    Array(Vec<Node<'a>>, &'a str),
    /// Its members in their order, and how it is written.
    Object(Vec<(Cow<'a, str>, Node<'a>)>, &'a str),
}

impl<'a> Node<'a> {
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
        let mut parser = Parser {
            text,
            at: 0,
            left: VALUES_MAX,
        };
        let node = parser.value(0)?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.wrong("there is more behind the value"));
        }
        Ok(node)
    }

    /// A member of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Self::Object(members, _) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(..) => "an array",
            Self::Object(..) => "an object",
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Values that there may still be.
    left: usize,
}

impl<'a> Parser<'a> {
    fn wrong(&self, why: &str) -> String {
        format!("not JSON at byte {} of the document: {why}", self.at + 1)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, String> {
        if depth > DEPTH_MAX {
            return Err(self.wrong(&format!("values are nested more than {DEPTH_MAX} deep")));
        }
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return Err(self.wrong(&format!("it holds more than {VALUES_MAX} values"))),
        };
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Node::Text),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.wrong("no value begins so")),
            None => Err(self.wrong("it ends where a value should begin")),
        }
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("no value begins so"));
        }
        self.at += word.len();
        Ok(node)
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(self.wrong("a digit is missing")),
        }
    }

    fn number(&mut self) -> Result<Node<'a>, String> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Node::Number(&self.text[start..self.at]))
    }

    /// From the opening quote to behind the closing one.
    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        self.at += 1;
        let mut start = self.at;
        let mut owned: Option<String> = None;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let run = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(run),
                        Some(mut text) => {
                            text.push_str(run);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[start..self.at]);
                    self.at += 1;
                    let char = self.escaped()?;
                    owned.get_or_insert_default().push(char);
                    start = self.at;
                }
                Some(0..=0x1F) => return Err(self.wrong("a control character that is not escaped")),
                Some(_) => self.at += 1,
                None => return Err(self.wrong("a text does not end")),
            }
        }
    }

    /// Behind the backslash.
    fn escaped(&mut self) -> Result<char, String> {
        let byte = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                let mut units = vec![first];
                if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    units.push(self.hex()?);
                }
                let mut chars = char::decode_utf16(units);
                match (chars.next(), chars.next()) {
                    (Some(Ok(char)), None) => char,
                    _ => return Err(self.wrong("half of a pair of UTF-16")),
                }
            }
            _ => return Err(self.wrong("an escape that JSON does not know")),
        })
    }

    fn hex(&mut self) -> Result<u16, String> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let value = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let value = value.ok_or_else(|| self.wrong("four hexadecimal digits are missing"))?;
        self.at += 4;
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Node<'a>, String> {
        let start = self.at;
        self.at += 1;
        let mut elements = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(elements, &self.text[start..self.at]));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::Array(elements, &self.text[start..self.at]));
                }
                _ => return Err(self.wrong("a comma or the array's end is missing")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, String> {
        let start = self.at;
        self.at += 1;
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(members, &self.text[start..self.at]));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a member's name is missing"));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("a colon is missing"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.wrong("a comma or the object's end is missing")),
            }
        }
        // Which of the two is meant nobody knows.
        if let Some(twice) = twice(&members) {
            return Err(format!(
                "the member {twice:?} stands twice in one object, which begins at byte {} of the document, and which of the two is \
                 meant nobody knows: take one out or give it another name, or have such rows left out \
                 (enableSkipIncompatibleRow)",
                start + 1
            ));
        }
        Ok(Node::Object(members, &self.text[start..self.at]))
    }
}

fn twice<'m>(members: &'m [(Cow<'_, str>, Node<'_>)]) -> Option<&'m str> {
    // Comparing is quicker than hashing for a few.
    if members.len() < 32 {
        let before = |at: usize| members[..at].iter().any(|(name, _)| *name == members[at].0);
        return (1..members.len())
            .find(|at| before(*at))
            .map(|at| members[at].0.as_ref());
    }
    let mut seen = HashSet::with_capacity(members.len());
    let name = members.iter().map(|(name, _)| name.as_ref());
    name.into_iter().find(|name| !seen.insert(*name))
}

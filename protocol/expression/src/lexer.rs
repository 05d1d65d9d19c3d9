//! The words of an expression.

use crate::Error;
use serde_json::{Number, Value};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    Name(String),
    Literal(Value),
    /// One of `( ) [ ] , .`
    Sign(char),
    /// `?.`
    SafeDot,
    /// `?[`
    SafeBracket,
    /// `}`, or the end of the text.
    End,
}

/// Reads words from a text of characters.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a [char],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a [char], at: usize) -> Self {
        Self { text, at }
    }

    /// Where the next word begins, spaces left out.
    pub(crate) fn place(&mut self) -> usize {
        while self.peek().is_some_and(|letter| letter.is_whitespace()) {
            self.at += 1;
        }
        self.at
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// The next word.
    pub(crate) fn next(&mut self) -> Result<Word, Error> {
        let begin = self.place();
        let Some(letter) = self.peek() else {
            return Ok(Word::End);
        };
        match letter {
            '}' => Ok(Word::End),
            '(' | ')' | '[' | ']' | ',' | '.' => {
                self.at += 1;
                Ok(Word::Sign(letter))
            }
            '?' => {
                self.at += 1;
                let word = match self.peek() {
                    Some('.') => Word::SafeDot,
                    Some('[') => Word::SafeBracket,
                    _ => return Err(Error::new(begin, "a `?` stands only before `.` or `[`")),
                };
                self.at += 1;
                Ok(word)
            }
            '\'' => self.quoted(),
            '-' | '+' | '0'..='9' => self.number(),
            letter if letter.is_alphabetic() || letter == '_' => Ok(self.name()),
            '"' => Err(Error::new(begin, "a text stands between single quotes: '...'")),
            '@' => Err(Error::new(
                begin,
                "there is no `@` within an expression; only its beginning has one",
            )),
            '{' => Err(Error::new(begin, "a `{` does not belong into an expression")),
            other => Err(Error::new(
                begin,
                format!("{other:?} does not belong into an expression"),
            )),
        }
    }

    /// The name behind a dot, which may have hyphens and begin with a digit.
    pub(crate) fn member(&mut self) -> Result<String, Error> {
        let begin = self.place();
        let name: String = self.text[self.at..]
            .iter()
            .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '$'))
            .collect();
        if name.is_empty() {
            return Err(Error::new(begin, "the name of a member is missing behind the dot"));
        }
        self.at += name.chars().count();
        Ok(name)
    }

    fn name(&mut self) -> Word {
        let name: String = self.text[self.at..]
            .iter()
            .take_while(|letter| letter.is_alphanumeric() || **letter == '_')
            .collect();
        self.at += name.chars().count();
        let literal = match name.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => return Word::Name(name),
        };
        Word::Literal(literal)
    }

    fn quoted(&mut self) -> Result<Word, Error> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(Error::new(begin, "the text that begins here has no closing quote")),
                Some('\'') => {
                    self.at += 1;
                    if self.peek() != Some('\'') {
                        return Ok(Word::Literal(Value::String(text)));
                    }
                    text.push('\'');
                }
                Some(letter) => text.push(letter),
            }
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<Word, Error> {
        let begin = self.at;
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            let sign = matches!(letter, '+' | '-') && (text.is_empty() || text.ends_with(['e', 'E']));
            if !(letter.is_ascii_digit() || sign || matches!(letter, '.' | 'e' | 'E')) {
                break;
            }
            text.push(letter);
            self.at += 1;
        }
        let digits = text.strip_prefix('+').unwrap_or(&text);
        if let Ok(whole) = digits.parse::<i64>() {
            return Ok(Word::Literal(Value::from(whole)));
        }
        digits
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(|number| Word::Literal(Value::Number(number)))
            .ok_or_else(|| Error::new(begin, format!("{text:?} is not a number")))
    }
}

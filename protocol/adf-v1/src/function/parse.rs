//! Reading functions.

use super::table::{Name, find};

/// A function, a text, a whole number or a variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// Where the window begins.
    Start,
    /// Where it ends.
    End,
    Text(String),
    Number(i64),
    Call(Name, Vec<Expr>),
}

/// How deep functions may stand within each other.
const DEPTH: usize = 32;

/// Reads a text; `before` letters stand before it.
pub(super) fn parse(text: &str, before: usize) -> Result<Expr, String> {
    let mut parser = Parser {
        letters: text.chars().collect(),
        at: 0,
        before,
    };
    let expr = parser.expr(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(letter) => Err(parser.wrong(&format!("`{letter}` does not belong here"))),
    }
}

struct Parser {
    letters: Vec<char>,
    at: usize,
    before: usize,
}

impl Parser {
    fn wrong(&self, what: &str) -> String {
        format!("at character {}: {what}", self.at + self.before + 1)
    }

    fn peek(&mut self) -> Option<char> {
        while self.letters.get(self.at).is_some_and(|letter| letter.is_whitespace()) {
            self.at += 1;
        }
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    fn expr(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > DEPTH {
            return Err(self.wrong("there are too many functions within each other"));
        }
        match self.peek() {
            Some('\'') => self.text(),
            Some(letter) if letter == '-' || letter.is_ascii_digit() => self.number(),
            // Some write the two signs before inner functions, too.
            Some('$') if self.letters[self.at..].starts_with(&['$', '$']) => {
                self.at += 2;
                self.named(depth)
            }
            Some(letter) if letter.is_alphabetic() => self.named(depth),
            Some(letter) => Err(self.wrong(&format!("`{letter}` does not belong here"))),
            None => Err(self.wrong("something is missing at the end")),
        }
    }

    /// A text; `\'` is a quote in it.
    fn text(&mut self) -> Result<Expr, String> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.letters.get(self.at).copied() {
            self.at += 1;
            match (letter, self.letters.get(self.at)) {
                ('\\', Some('\'')) => {
                    text.push('\'');
                    self.at += 1;
                }
                ('\'', _) => return Ok(Expr::Text(text)),
                _ => text.push(letter),
            }
        }
        self.at = begin;
        Err(self.wrong("the text that begins here has no closing quote"))
    }

    fn number(&mut self) -> Result<Expr, String> {
        let begin = self.at;
        self.at += 1;
        while self.letters.get(self.at).is_some_and(char::is_ascii_digit) {
            self.at += 1;
        }
        let text: String = self.letters[begin..self.at].iter().collect();
        let number = text.parse().map(Expr::Number);
        number.map_err(|_| self.wrong(&format!("{text} is no whole number")))
    }

    fn named(&mut self, depth: usize) -> Result<Expr, String> {
        let begin = self.at;
        let part = |letter: &char| letter.is_alphanumeric() || *letter == '.' || *letter == '_';
        while self.letters.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        let name: String = self.letters[begin..self.at].iter().collect();
        if !self.take('(') {
            let variable = match name.to_ascii_lowercase().as_str() {
                "windowstart" | "slicestart" => Some(Expr::Start),
                "windowend" | "sliceend" => Some(Expr::End),
                _ => None,
            };
            self.at = begin;
            return match variable {
                Some(variable) => {
                    self.at += name.chars().count();
                    Ok(variable)
                }
                None => Err(self.wrong(&format!("there is no variable {name}"))),
            };
        }
        let mut arguments = Vec::new();
        if !self.take(')') {
            loop {
                arguments.push(self.expr(depth + 1)?);
                if self.take(')') {
                    break;
                }
                if !self.take(',') {
                    return Err(self.wrong(&format!("the arguments of {name} are not closed")));
                }
            }
        }
        let function = find(&name, arguments.len());
        function
            .map(|function| Expr::Call(function, arguments))
            .map_err(|cause| {
                self.at = begin;
                self.wrong(&cause)
            })
    }
}

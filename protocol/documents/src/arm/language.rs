//! The language within the brackets: calls, texts, whole numbers, members, indexes.

use serde_json::Value;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Literal(Value),
    Call(String, Vec<Expr>),
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
}

/// How deep calls may stand within each other.
const DEPTH: usize = 64;

/// Reads what stands between `[` and `]`.
///
/// # Errors
/// What is wrong, with the place in characters from 1.
pub(super) fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        letters: text.chars().collect(),
        at: 0,
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
}

impl Parser {
    fn wrong(&self, what: &str) -> String {
        // One more for the bracket before the text.
        format!("at character {}: {what}", self.at + 2)
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
            return Err(self.wrong("there are too many calls within each other"));
        }
        let mut expr = self.primary(depth)?;
        loop {
            if self.take('.') {
                let name = self.name();
                if name.is_empty() {
                    return Err(self.wrong("a name is missing behind the point"));
                }
                expr = Expr::Member(Box::new(expr), name);
            } else if self.take('[') {
                let index = self.expr(depth + 1)?;
                if !self.take(']') {
                    return Err(self.wrong("the index is not closed"));
                }
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expr, String> {
        match self.peek() {
            Some('\'') => self.text().map(|text| Expr::Literal(Value::String(text))),
            Some(letter) if letter == '-' || letter.is_ascii_digit() => self.number(),
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.call(depth),
            Some(letter) => Err(self.wrong(&format!("`{letter}` does not belong here"))),
            None => Err(self.wrong("something is missing at the end")),
        }
    }

    /// A text; a quote in it is written twice.
    fn text(&mut self) -> Result<String, String> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.letters.get(self.at).copied() {
            self.at += 1;
            match letter {
                '\'' if self.letters.get(self.at) == Some(&'\'') => {
                    text.push('\'');
                    self.at += 1;
                }
                '\'' => return Ok(text),
                letter => text.push(letter),
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
        let number: i64 = text
            .parse()
            .map_err(|_| self.wrong(&format!("{text} is no whole number")))?;
        Ok(Expr::Literal(number.into()))
    }

    fn name(&mut self) -> String {
        self.peek();
        let begin = self.at;
        let part = |letter: &char| letter.is_alphanumeric() || *letter == '_' || *letter == '-';
        while self.letters.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        self.letters[begin..self.at].iter().collect()
    }

    fn call(&mut self, depth: usize) -> Result<Expr, String> {
        let mut name = self.name();
        // A function of a name space of the template's own.
        while self.letters.get(self.at) == Some(&'.') {
            self.at += 1;
            name = format!("{name}.{}", self.name());
        }
        if !self.take('(') {
            return Err(self.wrong(&format!("{name} is no function call")));
        }
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(Expr::Call(name, arguments));
        }
        loop {
            arguments.push(self.expr(depth + 1)?);
            if self.take(')') {
                return Ok(Expr::Call(name, arguments));
            }
            if !self.take(',') {
                return Err(self.wrong(&format!("the arguments of {name} are not closed")));
            }
        }
    }
}

//! From words to an expression.

use crate::Error;
use crate::ast::{Expr, Kind};
use crate::functions::{self, Function};
use crate::lexer::{Lexer, Word};
use crate::scope::RootKind;

/// How deep expressions may be nested: deeper than anybody writes them, and no danger to the stack.
const DEPTH: usize = 64;

/// Reads one expression from `at` on, up to a `}` or the end of the text; gives back where it ended.
pub(crate) fn expression(text: &[char], at: usize) -> Result<(Expr, usize), Error> {
    let mut parser = Parser {
        lexer: Lexer::new(text, at),
        depth: 0,
    };
    let expr = parser.expression()?;
    let end = parser.lexer.place();
    match parser.lexer.next()? {
        Word::End => Ok((expr, end)),
        word => Err(Error::new(end, format!("{} was not expected here", shown(&word)))),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Expr, Error> {
        let at = self.lexer.place();
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Error::new(at, format!("it is nested deeper than {DEPTH} levels")));
        }
        let mut expr = self.primary()?;
        // The steps of a path are levels of the tree as well: both together are bounded.
        let outer = self.depth;
        loop {
            let mut ahead = self.lexer.clone();
            let at = ahead.place();
            let (safe, member) = match ahead.next()? {
                Word::Sign('.') => (false, true),
                Word::SafeDot => (true, true),
                Word::Sign('[') => (false, false),
                Word::SafeBracket => (true, false),
                _ => break,
            };
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(Error::new(at, format!("it is nested deeper than {DEPTH} levels")));
            }
            self.lexer = ahead;
            let of = Box::new(expr);
            let kind = if member {
                let name = self.lexer.member()?;
                Kind::Member { of, name, safe }
            } else {
                let index = Box::new(self.expression()?);
                self.expect(']')?;
                Kind::Index { of, index, safe }
            };
            expr = Expr { at, kind };
        }
        self.depth = outer - 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let at = self.lexer.place();
        let kind = match self.lexer.next()? {
            Word::Literal(value) => Kind::Literal(value),
            Word::Sign('(') => {
                let inner = self.expression()?;
                self.expect(')')?;
                return Ok(inner);
            }
            Word::Name(name) => return self.call(at, &name),
            Word::End => return Err(Error::new(at, "an expression is missing here")),
            word => return Err(Error::new(at, format!("{} was not expected here", shown(&word)))),
        };
        Ok(Expr { at, kind })
    }

    fn call(&mut self, at: usize, name: &str) -> Result<Expr, Error> {
        let place = self.lexer.place();
        if self.lexer.clone().next()? != Word::Sign('(') {
            return Err(Error::new(
                place,
                format!("`{name}` is no value; a function is called with parentheses, a text stands between quotes"),
            ));
        }
        self.lexer.next()?;
        let arguments = self.arguments()?;
        let kind = match RootKind::of(name) {
            Some(root) => Kind::Root(root, root_argument(root, at, arguments)?),
            None => {
                let function = functions::find(name).ok_or_else(|| Error::new(at, functions::unknown(name)))?;
                check_count(function, at, arguments.len())?;
                Kind::Call(function, arguments)
            }
        };
        Ok(Expr { at, kind })
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Error> {
        let mut arguments = Vec::new();
        if self.lexer.clone().next()? == Word::Sign(')') {
            self.lexer.next()?;
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            let at = self.lexer.place();
            match self.lexer.next()? {
                Word::Sign(',') => {}
                Word::Sign(')') => return Ok(arguments),
                word => {
                    let found = shown(&word);
                    return Err(Error::new(at, format!("`,` or `)` is missing here, before {found}")));
                }
            }
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), Error> {
        let at = self.lexer.place();
        match self.lexer.next()? {
            Word::Sign(found) if found == sign => Ok(()),
            word => Err(Error::new(
                at,
                format!("`{sign}` is missing here, before {}", shown(&word)),
            )),
        }
    }
}

fn root_argument(root: RootKind, at: usize, mut arguments: Vec<Expr>) -> Result<Option<Box<Expr>>, Error> {
    let name = root.name();
    match (root.takes_name(), arguments.len()) {
        (false, 0) => Ok(None),
        (true, 1) => Ok(arguments.pop().map(Box::new)),
        (true, count) => Err(Error::new(at, format!("{name} takes one name, not {count}"))),
        (false, count) => Err(Error::new(at, format!("{name} takes nothing, not {count} arguments"))),
    }
}

fn check_count(function: &Function, at: usize, count: usize) -> Result<(), Error> {
    if function.takes(count) {
        return Ok(());
    }
    let name = function.name;
    let form = function.form;
    Err(Error::new(
        at,
        format!("{name} is written as {form}; it has {count} arguments here"),
    ))
}

fn shown(word: &Word) -> String {
    match word {
        Word::Name(name) => format!("`{name}`"),
        Word::Literal(value) => format!("the value {value}"),
        Word::Sign(sign) => format!("`{sign}`"),
        Word::SafeDot => "`?.`".to_owned(),
        Word::SafeBracket => "`?[`".to_owned(),
        Word::End => "the end".to_owned(),
    }
}

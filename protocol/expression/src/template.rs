//! A text of a document: a literal, an expression, or a text with expressions in it.

use crate::ast::Expr;
use crate::evaluate::evaluate;
use crate::value::to_text;
use crate::{Error, Scope, parse};
use serde_json::Value;

/// A text, understood.
#[derive(Clone, Debug)]
pub struct Template(pub(crate) Form);

#[derive(Clone, Debug)]
pub(crate) enum Form {
    Literal(String),
    /// `@expression`: its value keeps its type.
    Whole(Expr),
    /// Texts and expressions in turn: the value is a text.
    Text(Vec<Piece>),
}

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Literal(String),
    Expr(Expr),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Where it is not an expression, and why.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(literal) = text.strip_prefix("@@") {
            return Ok(Self(Form::Literal(format!("@{literal}"))));
        }
        let letters: Vec<char> = text.chars().collect();
        if letters.first() == Some(&'@') && letters.get(1) != Some(&'{') {
            let (expr, end) = parse::expression(&letters, 1)?;
            return match letters.get(end) {
                None => Ok(Self(Form::Whole(expr))),
                Some(_) => Err(Error::new(end, "a `}` does not belong here")),
            };
        }
        pieces(&letters).map(Self)
    }

    /// Whether there is nothing to compute.
    pub fn is_literal(&self) -> bool {
        matches!(self.0, Form::Literal(_))
    }

    /// Computes the value.
    ///
    /// # Errors
    /// Where it cannot be computed, and why.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Error> {
        match &self.0 {
            Form::Literal(text) => Ok(Value::String(text.clone())),
            Form::Whole(expr) => Ok(evaluate(expr, scope)?.into_owned()),
            Form::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Expr(expr) => text.push_str(&to_text(&*evaluate(expr, scope)?)),
                    }
                }
                Ok(Value::String(text))
            }
        }
    }

    /// The expressions in it.
    pub(crate) fn expressions(&self) -> Vec<&Expr> {
        match &self.0 {
            Form::Literal(_) => Vec::new(),
            Form::Whole(expr) => vec![expr],
            Form::Text(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Literal(_) => None,
                    Piece::Expr(expr) => Some(expr),
                })
                .collect(),
        }
    }
}

/// A text with `@{...}` in it; `@@{` stands for `@{`.
fn pieces(letters: &[char]) -> Result<Form, Error> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while at < letters.len() {
        match &letters[at..] {
            ['@', '@', '{', ..] => {
                literal.push_str("@{");
                at += 3;
            }
            ['@', '{', ..] => {
                let (expr, end) = parse::expression(letters, at + 2)?;
                if end >= letters.len() {
                    return Err(Error::new(at, "the `@{` that begins here has no closing `}`"));
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Expr(expr));
                at = end + 1;
            }
            [letter, ..] => {
                literal.push(*letter);
                at += 1;
            }
            [] => break,
        }
    }
    if pieces.is_empty() {
        return Ok(Form::Literal(literal));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Form::Text(pieces))
}

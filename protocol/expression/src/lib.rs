//! Azure Data Factory's expressions.
//!
//! A text of a document is a [`Template`]: a literal, one expression (`@concat('a', 'b')`), or a text with expressions in it
//! (`run-@{pipeline().RunId}`). [`Template::parse`] reads it, without knowing what there is to refer to; [`Template::evaluate`]
//! computes its value with the help of a [`Scope`], which says what `pipeline()` or `activity('a')` are. [`evaluate_deep`]
//! does that for every text of a JSON value, in both forms that documents have.
//!
//! No I/O, no clock and no chance of its own: the [`Scope`] has them. Input may be anything: it is bounded in depth, never
//! panics, and every error says where in the text it is.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ast;
mod deep;
mod error;
mod evaluate;
mod functions;
mod lexer;
mod moment;
mod parse;
mod scope;
mod template;
mod value;
mod visit;
mod zones;

pub use deep::{evaluate_deep, is_expression};
pub use error::Error;
pub use functions::{Described, described};
pub use scope::{Root, Scope};
pub use template::Template;
pub use visit::{Reference, references};

#[cfg(test)]
mod tests;

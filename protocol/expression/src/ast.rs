//! An expression, understood.

use crate::functions::Function;
use crate::scope::RootKind;
use serde_json::Value;

/// One expression, and where it begins in the text, in characters.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Value),
    /// `pipeline()`, `activity('a')`, ...
    Root(RootKind, Option<Box<Expr>>),
    Call(&'static Function, Vec<Expr>),
    /// `of.name`; safe as `of?.name`.
    Member {
        of: Box<Expr>,
        name: String,
        safe: bool,
    },
    /// `of[index]`; safe as `of?[index]`.
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
        safe: bool,
    },
}

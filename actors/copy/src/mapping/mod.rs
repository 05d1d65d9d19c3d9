//! Columns between source and sink: the activity's `translator` and the source's `additionalColumns`.

mod additional;
mod columns;
mod converted;
mod ends;
mod kind;
mod shape;
mod translator;

pub(crate) use additional::Additional;
pub(crate) use ends::Ends;
pub(crate) use shape::{Misfit, Shape, Shaped};
pub(crate) use translator::{Mapping, Translator};

use sluice_contract::{Code, Fault};

/// A member is missing or has the wrong form.
fn malformed(text: impl Into<String>) -> Fault {
    Fault::new(Code::DocumentInvalid, text)
}

/// The text itself: `@@` stands for one `@`, which would begin an expression.
fn literal(text: &str) -> String {
    text.strip_prefix("@@")
        .map_or_else(|| text.to_owned(), |rest| format!("@{rest}"))
}

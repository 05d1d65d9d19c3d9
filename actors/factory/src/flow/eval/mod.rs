//! Expressions, evaluated where a run needs them.

mod fixed;
mod trigger;
mod world;

pub(crate) use fixed::{Parameters, evaluate_object};
pub(crate) use trigger::OfTrigger;
pub(crate) use world::World;

use sluice_contract::{Code, Fault};
use sluice_expression::Error;

/// What is wrong with the expression at a place of a document.
pub(crate) fn invalid(about: &str, (place, error): (String, Error)) -> Fault {
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(", `{place}`")
    };
    Fault::new(Code::ExpressionInvalid, format!("{about}{place}: {error}"))
}

/// A random number for `rand()` and `guid()`.
fn random() -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *uuid::Uuid::new_v4().as_bytes();
    let [i, j, ..] = *uuid::Uuid::new_v4().as_bytes();
    // The version and variant of a UUID are not random; they lie in the places that are replaced.
    u64::from_be_bytes([a, b, c, d, e, f, i, j]) ^ u64::from(g) << 16 ^ u64::from(h)
}

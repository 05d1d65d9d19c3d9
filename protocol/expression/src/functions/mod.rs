//! The functions: one table, from which they are found, checked, described and suggested.

mod collection;
mod convert;
mod date;
mod encode;
mod logic;
mod math;
mod number;
mod text;
mod xml;

use crate::ast::Expr;
use crate::scope::RootKind;
use crate::value::{to_text, type_of};
use crate::{Error, Scope};
use serde_json::Value;
use std::borrow::Cow;

/// One function.
#[derive(Debug)]
pub(crate) struct Function {
    /// As it is documented; it is found in any case.
    pub(crate) name: &'static str,
    /// How it is called, such as `substring(text, start, length?)`. A `?` marks what may be left out, `...` what may be
    /// repeated.
    pub(crate) form: &'static str,
    /// What it gives, in a line.
    pub(crate) about: &'static str,
    pub(crate) body: Body,
}

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// All arguments first.
    Strict(fn(&Args<'_>) -> Result<Value, String>),
    /// Only the arguments that are needed; the place is that of the call.
    Lazy(for<'a> fn(usize, &'a [Expr], &'a dyn Scope) -> Computed<'a>),
}

/// A computed value, or why there is none.
pub(crate) type Computed<'a> = Result<Cow<'a, Value>, Error>;

/// What a function was called with.
pub(crate) struct Args<'a> {
    pub(crate) values: Vec<Value>,
    pub(crate) scope: &'a dyn Scope,
}

/// A function as the documentation has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// `String`, `Collection`, `Logic`, `Conversion`, `Math` or `Date`.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub form: &'static str,
    /// What it gives.
    pub about: &'static str,
}

const GROUPS: [(&str, &[Function]); 6] = [
    ("String", text::FUNCTIONS),
    ("Collection", collection::FUNCTIONS),
    ("Logic", logic::FUNCTIONS),
    ("Conversion", convert::FUNCTIONS),
    ("Math", math::FUNCTIONS),
    ("Date", date::FUNCTIONS),
];

/// Every function, for the documentation.
pub fn described() -> impl Iterator<Item = Described> {
    GROUPS.iter().flat_map(|(group, functions)| {
        functions.iter().map(|function| Described {
            group,
            name: function.name,
            form: function.form,
            about: function.about,
        })
    })
}

/// A function by its name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let mut all = GROUPS.iter().flat_map(|(_, functions)| functions.iter());
    all.find(|function| function.name.eq_ignore_ascii_case(name))
}

/// What to say of a name that no function has.
pub(crate) fn unknown(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let near = described()
        .map(|function| function.name)
        .chain(RootKind::names())
        .map(|known| (distance(&lower, &known.to_ascii_lowercase()), known))
        .min();
    match near {
        Some((distance, known)) if distance <= 2 => format!("there is no function `{name}`; did you mean `{known}`?"),
        _ => format!("there is no function `{name}`"),
    }
}

/// How many letters have to change to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    // Names are short; what is longer is near to nothing.
    for (i, a) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

impl Function {
    /// Whether it takes so many arguments, by its form.
    pub(crate) fn takes(&self, count: usize) -> bool {
        let inside = self
            .form
            .split_once('(')
            .map_or("", |(_, inside)| inside.trim_end_matches(')'));
        let mut least = 0;
        let mut most = Some(0);
        for part in inside.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "..." {
                most = None;
                continue;
            }
            least += usize::from(!part.ends_with('?'));
            most = most.map(|most| most + 1);
        }
        count >= least && most.is_none_or(|most| count <= most)
    }
}

impl Args<'_> {
    /// An argument; null when it was left out.
    pub(crate) fn value(&self, place: usize) -> &Value {
        self.values.get(place).unwrap_or(&Value::Null)
    }

    /// Whether an argument was given, and is not null.
    pub(crate) fn has(&self, place: usize) -> bool {
        !self.value(place).is_null()
    }

    /// An argument as text; numbers and booleans become text.
    pub(crate) fn text(&self, place: usize) -> Result<String, String> {
        match self.value(place) {
            Value::Null | Value::Array(_) | Value::Object(_) => Err(self.wrong(place, "a text")),
            value => Ok(to_text(value)),
        }
    }

    /// The same, or nothing when it was left out.
    pub(crate) fn optional_text(&self, place: usize) -> Result<Option<String>, String> {
        match self.has(place) {
            true => self.text(place).map(Some),
            false => Ok(None),
        }
    }

    /// An argument as a whole number; a text of digits is one, too.
    pub(crate) fn whole(&self, place: usize) -> Result<i64, String> {
        number::whole(self.value(place)).ok_or_else(|| self.wrong(place, "a whole number"))
    }

    /// What is wrong with an argument.
    pub(crate) fn wrong(&self, place: usize, wanted: &str) -> String {
        format!("argument {} is {}, not {wanted}", place + 1, type_of(self.value(place)))
    }
}

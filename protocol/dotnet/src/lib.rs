//! .NET's format strings for dates, times and spans, its cultures without their names of months and days, and its time zones.
//!
//! Azure Data Factory writes them into mappings, expressions and triggers.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod culture;
mod customs;
mod read;
mod standard;
mod tokens;
mod write;
pub mod zones;

pub use culture::Culture;
pub use read::Read;

use tokens::{Token, tokens};

/// A format string, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(Vec<Token>);

/// What a format string is for: the letters mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A date, a time of day, or both.
    Moment,
    /// A length of time.
    Span,
}

impl Format {
    /// Reads a standard format of one letter, or a custom one.
    ///
    /// # Errors
    /// Why it is not understood, in words.
    pub fn parse(text: &str, purpose: Purpose, culture: Culture) -> Result<Self, String> {
        let custom = match purpose {
            Purpose::Moment => standard::moment(text, culture)?,
            Purpose::Span => standard::span(text)?.map(|custom| (custom, culture)),
        };
        let (text, culture) = match &custom {
            Some((custom, culture)) => (custom.as_str(), *culture),
            None => (text, culture),
        };
        let tokens = tokens(text, purpose, culture)?;
        match tokens.is_empty() {
            true => Err("it is empty".to_owned()),
            false => Ok(Self(tokens)),
        }
    }
}

/// The months, in English; the first three letters are their short names.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The days, in English.
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

//! v1's functions and system variables: `$$Text.Format('{0:yyyy}', SliceStart)`.

mod compose;
mod evaluate;
mod parse;
mod table;
mod write;

pub(crate) use evaluate::from as moment_of;

use chrono::NaiveDateTime;
use parse::Expr;

/// A window: the times that `WindowStart` and `WindowEnd`, `SliceStart` and `SliceEnd` stand for, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub start: NaiveDateTime,
    /// Where the next one begins.
    pub end: NaiveDateTime,
}

/// A function with its arguments, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Function(Expr);

impl Function {
    /// Reads a text that begins with `$$`; none when it does not.
    ///
    /// # Errors
    /// What is wrong, with the place in characters from 1.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        text.strip_prefix("$$").map(|inner| parse::parse(inner, 2).map(Self))
    }

    /// Reads one that stands without `$$`, as in an input's `startTime`.
    ///
    /// # Errors
    /// As [`Function::parse`].
    pub fn parse_bare(text: &str) -> Result<Self, String> {
        parse::parse(text, 0).map(Self)
    }

    /// Its value for a window, as text.
    ///
    /// # Errors
    /// What cannot be computed, in words.
    pub fn evaluate(&self, window: Window) -> Result<String, String> {
        evaluate::text(&self.0, window)
    }

    /// The moment that it gives for a window, if it gives one.
    ///
    /// # Errors
    /// What cannot be computed, in words.
    pub fn moment(&self, window: Window) -> Result<NaiveDateTime, String> {
        evaluate::moment(&self.0, window)
    }

    /// The same as one expression of today, without its `@`.
    #[cfg(test)]
    pub(crate) fn write(&self, start: &str, end: &str) -> Result<String, String> {
        write::pieces(&self.0, start, end).map(|pieces| crate::text::join(&pieces))
    }

    /// The expression of the moment that it gives.
    ///
    /// # Errors
    /// As [`Function::pieces`], and when it gives no moment.
    pub(crate) fn write_moment(&self, start: &str, end: &str) -> Result<String, String> {
        write::moment(&self.0, start, end)
    }

    /// The same in pieces: what is text, and what is computed. `start` and `end` are the expressions of the window's times.
    ///
    /// # Errors
    /// What has no counterpart, in words.
    pub(crate) fn pieces(&self, start: &str, end: &str) -> Result<Vec<crate::text::Piece>, String> {
        write::pieces(&self.0, start, end)
    }
}

//! Functions as expressions of today.

use super::compose::{Part, digits, parts};
use super::evaluate::from;
use super::parse::Expr;
use super::table::Name;
use crate::text::{Piece, join};

/// What an expression gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    Moment,
    Number,
    Text,
}

pub(super) fn moment(expr: &Expr, start: &str, end: &str) -> Result<String, String> {
    Writer { start, end }.moment(expr)
}

pub(super) fn pieces(expr: &Expr, start: &str, end: &str) -> Result<Vec<Piece>, String> {
    let writer = Writer { start, end };
    match expr {
        Expr::Call(Name::Format, arguments) => writer.format(arguments),
        Expr::Text(text) => Ok(vec![Piece::Literal(text.clone())]),
        other => {
            let (written, gives) = writer.write(other)?;
            Ok(vec![Piece::Computed(shown(&written, gives, None)?)])
        }
    }
}

struct Writer<'a> {
    start: &'a str,
    end: &'a str,
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An expression whose value is a text, as `Text.Format` writes it.
fn shown(written: &str, gives: Gives, format: Option<&str>) -> Result<String, String> {
    match gives {
        Gives::Moment => {
            let format = format.unwrap_or("M/d/yyyy h:mm:ss tt");
            // Whatever the other side would not read is told now.
            sluice_dotnet::Format::parse(format, sluice_dotnet::Purpose::Moment, sluice_dotnet::Culture::EN_US)?;
            Ok(format!("formatDateTime({written},{})", quoted(format)))
        }
        Gives::Text => Ok(written.to_owned()),
        Gives::Number => match digits(format)? {
            0 | 1 => Ok(format!("string({written})")),
            count => {
                let zeros = "0".repeat(count);
                let padded = format!("concat('{zeros}',string({written}))");
                Ok(format!(
                    "substring({padded},sub(length({padded}),max({count},length(string({written})))),max({count},length(string({written}))))"
                ))
            }
        },
    }
}

impl Writer<'_> {
    fn moment(&self, expr: &Expr) -> Result<String, String> {
        match self.write(expr)? {
            (written, Gives::Moment) => Ok(written),
            _ => Err("a time is needed here".to_owned()),
        }
    }

    fn write(&self, expr: &Expr) -> Result<(String, Gives), String> {
        Ok(match expr {
            Expr::Start => (self.start.to_owned(), Gives::Moment),
            Expr::End => (self.end.to_owned(), Gives::Moment),
            Expr::Text(text) => (quoted(text), Gives::Text),
            Expr::Number(number) => (number.to_string(), Gives::Number),
            Expr::Call(Name::Format, arguments) => (join(&self.format(arguments)?), Gives::Text),
            Expr::Call(Name::From, arguments) => match &arguments[0] {
                Expr::Text(text) => (
                    quoted(&from(text)?.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()),
                    Gives::Moment,
                ),
                other => {
                    let (written, gives) = self.write(other)?;
                    (shown(&written, gives, Some("yyyy-MM-ddTHH:mm:ss"))?, Gives::Moment)
                }
            },
            Expr::Call(name, arguments) => self.call(*name, arguments)?,
        })
    }

    fn call(&self, name: Name, arguments: &[Expr]) -> Result<(String, Gives), String> {
        let time = self.moment(&arguments[0])?;
        let by = |factor: i64| -> Result<String, String> {
            match &arguments[1] {
                Expr::Number(number) => number
                    .checked_mul(factor)
                    .map(|all| all.to_string())
                    .ok_or_else(|| "the number is too large".to_owned()),
                other => match self.write(other)? {
                    (written, Gives::Number) if factor == 1 => Ok(written),
                    (written, Gives::Number) => Ok(format!("mul({written},{factor})")),
                    _ => Err("a whole number is needed here".to_owned()),
                },
            }
        };
        let next_month = format!("addToTime(startOfMonth({time}),1,'Month')");
        let moment = |written: String| (written, Gives::Moment);
        let number = |written: String| (written, Gives::Number);
        Ok(match name {
            Name::AddHours => moment(format!("addHours({time},{})", by(1)?)),
            Name::AddMinutes => moment(format!("addMinutes({time},{})", by(1)?)),
            Name::AddDays => moment(format!("addDays({time},{})", by(1)?)),
            Name::AddWeeks => moment(format!("addDays({time},{})", by(7)?)),
            Name::AddMonths => moment(format!("addToTime({time},{},'Month')", by(1)?)),
            Name::AddQuarters => moment(format!("addToTime({time},{},'Month')", by(3)?)),
            Name::AddYears => moment(format!("addToTime({time},{},'Year')", by(1)?)),
            Name::StartOfHour => moment(format!("startOfHour({time})")),
            Name::StartOfDay => moment(format!("startOfDay({time})")),
            Name::EndOfDay => moment(format!("addSeconds(addDays(startOfDay({time}),1),-1)")),
            Name::EndOfMonth => moment(format!("addSeconds({next_month},-1)")),
            Name::Day => number(format!("dayOfMonth({time})")),
            Name::DayOfWeek => (format!("formatDateTime({time},'dddd')"), Gives::Text),
            Name::DayOfYear => number(format!("dayOfYear({time})")),
            Name::DaysInMonth => number(format!("dayOfMonth(addDays({next_month},-1))")),
            Name::Ticks => number(format!("ticks({time})")),
            Name::Format | Name::From => return Err("it stands where a time is needed".to_owned()),
        })
    }

    fn format(&self, arguments: &[Expr]) -> Result<Vec<Piece>, String> {
        let Expr::Text(pattern) = &arguments[0] else {
            return Err("the format has to be a text".to_owned());
        };
        let one = |part: Part| match part {
            Part::Literal(literal) => Ok(Piece::Literal(literal)),
            Part::Value(index, format) => {
                let argument = arguments.get(index.saturating_add(1));
                let argument = argument.ok_or_else(|| format!("Text.Format has no value for {{{index}}}"))?;
                let (written, gives) = self.write(argument)?;
                shown(&written, gives, format.as_deref()).map(Piece::Computed)
            }
        };
        parts(pattern)?.into_iter().map(one).collect()
    }
}

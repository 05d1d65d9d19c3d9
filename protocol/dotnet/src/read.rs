//! Reading: the text has to be of the format from its first character to its last.

use super::tokens::Token;
use super::{DAYS, Format, MONTHS};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The moment as it is written, whatever its offset.
    pub moment: NaiveDateTime,
    /// Minutes east of Greenwich, where the text says it.
    pub offset: Option<i32>,
    /// Whether the text has a date.
    pub dated: bool,
}

#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    days: u32,
    hour: Option<u32>,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanos: u32,
    offset: Option<i32>,
}

impl Format {
    /// Reads a text; none when it is not of this format, or no moment that there is.
    pub fn read(&self, text: &str) -> Option<Read> {
        let mut parts = Parts::default();
        let mut rest = text;
        for token in &self.0 {
            rest = parts.take(token, rest)?;
        }
        rest.is_empty().then(|| parts.read())?
    }
}

impl Parts {
    /// Takes one part from the text, and gives back what is left.
    fn take<'a>(&mut self, token: &Token, text: &'a str) -> Option<&'a str> {
        let digits = |count: usize| if count == 1 { 1..=2 } else { count..=count };
        match token {
            Token::Literal(literal) => text.strip_prefix(literal.as_str()),
            Token::Separator { own, written } => text.strip_prefix([*own, *written]),
            Token::Year(count @ 1..=2) => {
                let (year, rest) = number(text, digits(*count))?;
                // As .NET does: the pivot is 2049.
                self.year = Some(if year < 50 { 2000 } else { 1900 } + i32::try_from(year).ok()?);
                Some(rest)
            }
            Token::Year(count) => {
                let (year, rest) = number(text, *count..=(*count).max(4))?;
                self.year = i32::try_from(year).ok();
                Some(rest)
            }
            Token::Month(count @ 1..=2) => take(text, digits(*count), &mut self.month),
            Token::Month(count) => {
                let (at, rest) = name(text, &MONTHS, *count)?;
                self.month = u32::try_from(at + 1).ok();
                Some(rest)
            }
            Token::Day(count) => take(text, digits(*count), &mut self.day),
            Token::Weekday(count) => name(text, &DAYS, *count).map(|(_, rest)| rest),
            Token::Days(count) => {
                let (days, rest) = number(text, *count..=8)?;
                self.days = days;
                Some(rest)
            }
            Token::Hour(count) => take(text, digits(*count), &mut self.hour),
            Token::HalfHour(count) => {
                let (hour, rest) = number(text, digits(*count))?;
                self.hour = (1..=12).contains(&hour).then_some(hour % 12);
                self.hour.map(|_| rest)
            }
            Token::Minute(count) => set(number(text, digits(*count))?, &mut self.minute),
            Token::Second(count) => set(number(text, digits(*count))?, &mut self.second),
            Token::Fraction { digits, trimmed, point } => self.fraction(text, *digits, *trimmed, *point),
            Token::Half(count) => {
                let found = text.get(..*count)?;
                self.afternoon = match found.to_ascii_uppercase().as_str() {
                    "A" | "AM" => Some(false),
                    "P" | "PM" => Some(true),
                    _ => return None,
                };
                text.get(*count..)
            }
            Token::Offset(count) => self.offset(text, *count == 3),
            Token::Zone => match text.strip_prefix(['Z', 'z']) {
                Some(rest) => {
                    self.offset = Some(0);
                    Some(rest)
                }
                None if text.starts_with(['+', '-']) => self.offset(text, true),
                None => Some(text),
            },
        }
    }

    fn fraction<'a>(&mut self, text: &'a str, digits: usize, trimmed: bool, point: bool) -> Option<&'a str> {
        let text = match (point, text.strip_prefix('.')) {
            (true, None) => return Some(text),
            (true, Some(rest)) => rest,
            (false, _) => text,
        };
        let found = text.bytes().take_while(u8::is_ascii_digit).take(digits).count();
        if found < digits && !trimmed {
            return None;
        }
        let value: u32 = format!("{:0<9}", &text[..found]).parse().ok()?;
        self.nanos = value;
        Some(&text[found..])
    }

    /// `+h`, `+hh`, and with minutes `+hh:mm` or `+hhmm`.
    fn offset<'a>(&mut self, text: &'a str, minutes: bool) -> Option<&'a str> {
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = number(&text[1..], 1..=2)?;
        let mut offset = hours * 60;
        if minutes {
            let behind = rest.strip_prefix(':').unwrap_or(rest);
            if let Some((more, behind)) = number(behind, 2..=2) {
                offset += (more < 60).then_some(more)?;
                rest = behind;
            }
        }
        self.offset = Some(sign * i32::try_from(offset).ok().filter(|offset| *offset <= 14 * 60)?);
        Some(rest)
    }

    fn read(self) -> Option<Read> {
        let hour = match (self.hour.unwrap_or_default(), self.afternoon) {
            (hour, Some(true)) if hour < 12 => hour + 12,
            (12, Some(false)) => 0,
            (hour, _) => hour,
        };
        let time = NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nanos)?;
        let dated = self.year.is_some();
        if self.days > 0 || (!dated && (self.month.is_some() || self.day.is_some())) {
            return None;
        }
        let year = self.year.unwrap_or(1).clamp(0, 9999);
        let date = NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?;
        Some(Read {
            moment: date.and_time(time),
            offset: self.offset,
            dated,
        })
    }
}

fn take<'a>(text: &'a str, digits: std::ops::RangeInclusive<usize>, into: &mut Option<u32>) -> Option<&'a str> {
    let (value, rest) = number(text, digits)?;
    *into = Some(value);
    Some(rest)
}

fn set<'a>((value, rest): (u32, &'a str), into: &mut u32) -> Option<&'a str> {
    *into = value;
    Some(rest)
}

/// As many digits as there are, within bounds.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<(u32, &str)> {
    let count = text.bytes().take(*digits.end()).take_while(u8::is_ascii_digit).count();
    if count < *digits.start() {
        return None;
    }
    text[..count].parse().ok().map(|value| (value, &text[count..]))
}

/// One of these names, in any case; the short ones have three letters.
fn name<'a>(text: &'a str, names: &[&str], letters: usize) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(at, name)| {
        let name = if letters == 3 { &name[..3] } else { name };
        let found = text.get(..name.len())?;
        found.eq_ignore_ascii_case(name).then(|| (at, &text[name.len()..]))
    })
}

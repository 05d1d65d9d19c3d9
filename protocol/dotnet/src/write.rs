//! Writing.

use super::tokens::Token;
use super::{DAYS, Format, MONTHS};
use chrono::{Datelike, NaiveDateTime, Timelike};
use std::fmt::Write;

impl Format {
    /// A moment as text; `offset` in minutes, where it has one.
    pub fn write(&self, moment: NaiveDateTime, offset: Option<i32>) -> String {
        let mut text = String::with_capacity(32);
        for token in &self.0 {
            // Writing to a string does not fail.
            let _ = one(&mut text, token, moment, offset);
        }
        text
    }
}

fn one(text: &mut String, token: &Token, moment: NaiveDateTime, offset: Option<i32>) -> std::fmt::Result {
    let number = |text: &mut String, value: u32, digits: usize| write!(text, "{value:0digits$}");
    match token {
        Token::Year(digits @ 1..=2) => number(text, moment.year().rem_euclid(100).unsigned_abs(), *digits),
        Token::Year(digits) => write!(text, "{:0digits$}", moment.year()),
        Token::Month(digits @ 1..=2) => number(text, moment.month(), *digits),
        Token::Month(3) => text.write_str(&MONTHS[moment.month0() as usize][..3]),
        Token::Month(_) => text.write_str(MONTHS[moment.month0() as usize]),
        Token::Day(digits) => number(text, moment.day(), *digits),
        Token::Weekday(3) => text.write_str(&DAYS[moment.weekday().num_days_from_monday() as usize][..3]),
        Token::Weekday(_) => text.write_str(DAYS[moment.weekday().num_days_from_monday() as usize]),
        Token::Days(digits) => number(text, 0, *digits),
        Token::Hour(digits) => number(text, moment.hour(), *digits),
        Token::HalfHour(digits) => number(text, moment.hour12().1, *digits),
        Token::Minute(digits) => number(text, moment.minute(), *digits),
        Token::Second(digits) => number(text, moment.second(), *digits),
        Token::Fraction { digits, trimmed, point } => {
            let nanos = format!("{:09}", moment.nanosecond() % 1_000_000_000);
            let mut fraction = &nanos[..*digits];
            if *trimmed {
                fraction = fraction.trim_end_matches('0');
            }
            if *point && !fraction.is_empty() {
                text.push('.');
            }
            text.write_str(fraction)
        }
        Token::Half(letters) => text.write_str(&(if moment.hour12().0 { "PM" } else { "AM" })[..*letters]),
        Token::Offset(letters) => zone(text, offset.unwrap_or_default(), *letters),
        Token::Zone => match offset {
            None => Ok(()),
            Some(0) => text.write_char('Z'),
            Some(offset) => zone(text, offset, 3),
        },
        Token::Separator { own, .. } => text.write_char(*own),
        Token::Literal(literal) => text.write_str(literal),
    }
}

fn zone(text: &mut String, offset: i32, letters: usize) -> std::fmt::Result {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    match letters {
        1 => write!(text, "{sign}{}", minutes / 60),
        2 => write!(text, "{sign}{:02}", minutes / 60),
        _ => write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

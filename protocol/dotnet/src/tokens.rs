//! A custom format string, cut into its parts.

use super::Purpose;
use super::culture::Culture;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Digits of the year.
    Year(usize),
    /// 1 or 2 digits, 3 for the short name, 4 for the name.
    Month(usize),
    /// 1 or 2 digits.
    Day(usize),
    /// 3 for the short name, 4 for the name.
    Weekday(usize),
    /// Of a span: at least so many digits.
    Days(usize),
    /// From 0 to 23.
    Hour(usize),
    /// From 1 to 12.
    HalfHour(usize),
    Minute(usize),
    Second(usize),
    /// Digits of the second's fraction; those at the end that are zero, and the point before them, may be missing.
    Fraction {
        digits: usize,
        trimmed: bool,
        point: bool,
    },
    /// `A` or `AM`.
    Half(usize),
    /// `+1`, `+01`, `+01:00`.
    Offset(usize),
    /// The same, or `Z`, or nothing where there is none.
    Zone,
    /// What the culture has for the `/` or `:` of the format, which is read as well.
    Separator {
        own: char,
        written: char,
    },
    Literal(String),
}

/// Cuts a format into its parts.
///
/// # Errors
/// What is not understood, in words.
pub(super) fn tokens(format: &str, purpose: Purpose, culture: Culture) -> Result<Vec<Token>, String> {
    let letters: Vec<char> = format.chars().collect();
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let count = letters[at..].iter().take_while(|other| **other == letter).count();
        let too_long = || format!("{:?} is too long", letter.to_string().repeat(count));
        let mut used = count;
        let token = match (purpose, letter) {
            (_, '\'' | '"') => {
                let end = letters[at + 1..].iter().position(|other| *other == letter);
                let end = end.ok_or_else(|| format!("{letter} is not closed"))?;
                used = end + 2;
                Token::Literal(letters[at + 1..at + 1 + end].iter().collect())
            }
            (_, '\\') => {
                used = 2;
                let next = letters.get(at + 1).ok_or("it ends with a backslash")?;
                Token::Literal(next.to_string())
            }
            (_, '%') => {
                at += 1;
                continue;
            }
            (_, 'f' | 'F') if count <= 9 => {
                let trimmed = letter == 'F';
                let point = trimmed && matches!(found.last(), Some(Token::Literal(text)) if text == ".");
                if point {
                    found.pop();
                }
                Token::Fraction {
                    digits: count,
                    trimmed,
                    point,
                }
            }
            (_, 'm') if count <= 2 => Token::Minute(count),
            (_, 's') if count <= 2 => Token::Second(count),
            (Purpose::Span, 'd') => Token::Days(count),
            (Purpose::Span, 'h' | 'H') if count <= 2 => Token::Hour(count),
            (Purpose::Moment, 'y') if count <= 5 => Token::Year(count),
            (Purpose::Moment, 'M') if count <= 4 => Token::Month(count),
            (Purpose::Moment, 'd') if count <= 2 => Token::Day(count),
            (Purpose::Moment, 'd') if count <= 4 => Token::Weekday(count),
            (Purpose::Moment, 'H') if count <= 2 => Token::Hour(count),
            (Purpose::Moment, 'h') if count <= 2 => Token::HalfHour(count),
            (Purpose::Moment, 't') if count <= 2 => Token::Half(count),
            (Purpose::Moment, 'z') if count <= 3 => Token::Offset(count),
            (Purpose::Moment, 'K') if count == 1 => Token::Zone,
            (Purpose::Moment, 'g') => return Err("eras are not served".to_owned()),
            (Purpose::Moment, '/' | ':') => {
                used = 1;
                separator(letter, culture)
            }
            (_, 'f' | 'F' | 'm' | 's') | (Purpose::Span, 'h' | 'H') => return Err(too_long()),
            (Purpose::Moment, 'y' | 'M' | 'd' | 'H' | 'h' | 't' | 'z' | 'K') => return Err(too_long()),
            (_, other) => {
                used = 1;
                Token::Literal(other.to_string())
            }
        };
        if !culture.has_names() && matches!(token, Token::Month(3..) | Token::Weekday(_) | Token::Half(_)) {
            return Err(format!(
                "the names of months, days and halves of a day are not known in {}",
                culture.name()
            ));
        }
        found.push(token);
        at += used;
    }
    Ok(found)
}

/// In a format a slash stands for what parts a culture's dates, a colon for what parts its times.
fn separator(written: char, culture: Culture) -> Token {
    let customs = culture.customs();
    let own = match written {
        '/' => customs.date_separator(),
        _ => customs.time_separator,
    };
    match own == written {
        true => Token::Literal(written.to_string()),
        false => Token::Separator { own, written },
    }
}

//! One field of a text COPY: where it ends, what it holds, and how it stands in the sink's line.
//!
//! Every value is read, not only passed: what Arrow could not hold is refused as where rows are decoded, and the content hash is
//! that of the values.

use super::super::DAY_MICROS;
use super::super::value::{NOT_UTF8, POWERS};
use super::calendar;
use crate::types::Wire;
use arrow::datatypes::{Decimal128Type, DecimalType};
use sluice_store_core::hash::Cell;
use sluice_store_core::{Bare, LineForm};

/// What a byte of a text means, beside itself.
pub(super) mod class {
    /// It ends the field.
    pub(in super::super) const END: u8 = 1;
    /// It begins an escape.
    pub(in super::super) const ESCAPE: u8 = 2;
    /// The sink quotes or escapes texts for it.
    pub(in super::super) const MARK: u8 = 4;
    /// It is no ASCII.
    pub(in super::super) const HIGH: u8 = 8;
}

/// How the server writes a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer,
    Float4,
    Float8,
    Text,
    Date,
    Time,
    /// `true`: with a time zone, which is UTC.
    Timestamp(bool),
    Decimal(u8, i8),
}

impl Kind {
    /// None for a form that is not read as text.
    pub(crate) fn of(wire: Wire) -> Option<Self> {
        Some(match wire {
            Wire::Bool => Self::Bool,
            Wire::Int2 | Wire::Int4 | Wire::Int8 | Wire::Oid => Self::Integer,
            Wire::Float4 => Self::Float4,
            Wire::Float8 => Self::Float8,
            Wire::Text | Wire::Jsonb | Wire::Uuid => Self::Text,
            Wire::Date => Self::Date,
            Wire::Time => Self::Time,
            Wire::Timestamp => Self::Timestamp(false),
            Wire::TimestampTz => Self::Timestamp(true),
            Wire::Decimal128 {
                precision,
                scale: scale @ 0..,
            } => Self::Decimal(precision, scale),
            Wire::Decimal128 { .. } | Wire::Decimal256 { .. } | Wire::Bytea => return None,
        })
    }
}

/// How a field stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// As the server wrote it.
    Same,
    Null,
    /// As the sink writes a text: that of the field, or the one that was [made](Made) of it.
    Text,
    Unescaped,
    /// The sink makes the text of the [value](Made).
    Bare,
    True,
    False,
}

/// What a field is that is not written as it is.
pub(super) struct Made {
    pub(super) text: Vec<u8>,
    pub(super) bare: Bare,
}

/// What texts are looked at for.
pub(super) struct Look<'a> {
    pub(super) classes: &'a [u8; 256],
    pub(super) null: &'a [u8],
    pub(super) quotes_all: bool,
}

/// Bytes, by what they mean; the form's marks are the sink's.
pub(super) fn classes(form: &dyn LineForm) -> Box<[u8; 256]> {
    let mut classes = Box::new([0; 256]);
    for (index, (class, mark)) in classes.iter_mut().zip(form.marks()).enumerate() {
        if *mark {
            *class |= class::MARK;
        }
        if index >= 0x80 {
            *class |= class::HIGH;
        }
    }
    for end in [b'\t', b'\n'] {
        classes[usize::from(end)] |= class::END;
    }
    classes[usize::from(b'\\')] |= class::ESCAPE;
    classes
}

/// A field's length, hash and place in the line.
pub(super) type Read = (usize, Cell, Put);

/// Reads the field that `rest` begins with; some field ends in `rest`.
///
/// # Errors
/// What is wrong with the value, to be put behind the column's name.
#[inline]
pub(super) fn read(kind: Kind, rest: &[u8], look: &Look<'_>, made: &mut Made) -> Result<Read, String> {
    // A text of a backslash and more has an escaped one.
    if let [b'\\', b'N', b'\t' | b'\n', ..] = rest {
        return Ok((2, Cell::NULL, Put::Null));
    }
    match kind {
        Kind::Integer => {
            let (length, value) = integer(rest).ok_or_else(|| odd(rest))?;
            Ok((length, Cell::integer(value), Put::Same))
        }
        Kind::Decimal(precision, scale) => decimal(rest, precision, scale),
        Kind::Date => match calendar::usual(rest) {
            Some(days) => Ok((10, Cell::date(days), Put::Same)),
            None => {
                let text = whole(rest);
                let days = calendar::date(text).ok_or_else(|| unheld(text, "date"))?;
                made.bare = Bare::Date(days);
                Ok((text.len(), Cell::date(days), Put::Bare))
            }
        },
        Kind::Text => text(rest, look, &mut made.text),
        Kind::Timestamp(utc) => {
            let text = whole(rest);
            let micros = calendar::timestamp(text, utc).ok_or_else(|| unheld(text, "timestamp"))?;
            made.bare = Bare::Timestamp { micros, utc };
            Ok((text.len(), Cell::timestamp(micros, utc), Put::Bare))
        }
        Kind::Bool => match rest {
            [b't', ..] => Ok((1, Cell::boolean(true), Put::True)),
            [b'f', ..] => Ok((1, Cell::boolean(false), Put::False)),
            _ => Err(odd(rest)),
        },
        Kind::Time => {
            let text = whole(rest);
            match calendar::time(text).ok_or_else(|| odd(text))? {
                DAY_MICROS => Err("24:00:00, which Arrow's time of day does not have".into()),
                micros => {
                    made.bare = Bare::Time(micros);
                    Ok((text.len(), Cell::time(micros), Put::Bare))
                }
            }
        }
        Kind::Float4 => {
            let text = whole(rest);
            let value: f32 = number(text)?;
            made.bare = Bare::Float32(value);
            Ok((text.len(), Cell::float(value.into()), Put::Bare))
        }
        Kind::Float8 => {
            let text = whole(rest);
            let value: f64 = number(text)?;
            made.bare = Bare::Float64(value);
            Ok((text.len(), Cell::float(value), Put::Bare))
        }
    }
}

/// The field, which has no escapes.
fn whole(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| matches!(byte, b'\t' | b'\n'));
    &rest[..end.unwrap_or(rest.len())]
}

fn odd(rest: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(whole(rest)).chars().take(40).collect();
    format!("{shown:?}, which is not a text of its type")
}

fn unheld(text: &[u8], what: &str) -> String {
    match text {
        b"infinity" | b"-infinity" => format!("infinity, which an Arrow {what} cannot hold"),
        _ => odd(text),
    }
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Result<T, String> {
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| odd(text))
}

/// A whole number and its length.
#[inline]
fn integer(rest: &[u8]) -> Option<(usize, i64)> {
    let negative = rest.first() == Some(&b'-');
    let first = usize::from(negative);
    let (digits, value) = run(&rest[first..]);
    let value = match negative {
        true => 0_i64.checked_sub_unsigned(value),
        false => i64::try_from(value).ok(),
    };
    // More than 19 digits do not fit, nor did the sum.
    value
        .filter(|_| matches!(digits, 1..=19))
        .map(|value| (first + digits, value))
}

/// How many digits there are, and what they come to if they are at most 19.
#[inline]
fn run(rest: &[u8]) -> (usize, u64) {
    let (mut digits, mut value) = (0, 0_u64);
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        digits += 1;
    }
    (digits, value)
}

/// A number of so many decimals, all of which are written.
#[inline]
fn decimal(rest: &[u8], precision: u8, scale: i8) -> Result<Read, String> {
    let behind = usize::from(scale.unsigned_abs());
    let negative = rest.first() == Some(&b'-');
    let first = usize::from(negative);
    let (digits, high) = run(&rest[first..]);
    let mut length = first + digits;
    let mut low = 0;
    if behind > 0 {
        let (decimals, value) = match rest.get(length) {
            Some(b'.') => run(&rest[length + 1..]),
            _ => (0, 0),
        };
        if decimals != behind {
            return Err(no_decimal(rest));
        }
        length += 1 + decimals;
        low = value;
    }
    if digits == 0 {
        return Err(no_decimal(rest));
    }
    let absolute = match POWERS.get(behind) {
        // Both fit 64 bits, and so does what they come to.
        Some(power) if digits + behind <= 19 => u128::from(high * power + low),
        _ => long(&rest[first..length]).ok_or(TOO_LARGE)?,
    };
    let fits = match POWERS.get(usize::from(precision)) {
        Some(bound) => absolute < u128::from(*bound),
        None => i128::try_from(absolute)
            .is_ok_and(|value| Decimal128Type::validate_decimal_precision(value, precision, scale).is_ok()),
    };
    if !fits {
        return Err(TOO_LARGE.into());
    }
    let value = absolute as i128;
    let value = if negative { -value } else { value };
    Ok((length, Cell::decimal(value, scale), Put::Same))
}

const TOO_LARGE: &str = super::super::numeric::TOO_LARGE;

/// Digits, without their point.
fn long(text: &[u8]) -> Option<u128> {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_digit());
    digits.try_fold(0_u128, |value, digit| {
        value.checked_mul(10)?.checked_add((digit - b'0').into())
    })
}

fn no_decimal(rest: &[u8]) -> String {
    match whole(rest) {
        b"NaN" => "NaN, which a decimal cannot hold".into(),
        b"Infinity" | b"-Infinity" => "infinity, which a decimal cannot hold".into(),
        text => odd(text),
    }
}

#[inline]
fn text(rest: &[u8], look: &Look<'_>, unescaped: &mut Vec<u8>) -> Result<Read, String> {
    let (mut length, mut seen) = (0, 0);
    for byte in rest {
        let class = look.classes[usize::from(*byte)];
        if class & class::END != 0 {
            break;
        }
        seen |= class;
        length += 1;
    }
    let field = &rest[..length];
    if seen & class::HIGH != 0 && std::str::from_utf8(field).is_err() {
        return Err(NOT_UTF8.into());
    }
    if seen & class::ESCAPE != 0 {
        unescape(field, unescaped);
        return Ok((length, Cell::text(unescaped), Put::Unescaped));
    }
    let bare = seen & class::MARK == 0 && !look.quotes_all && field != look.null && field.first() != Some(&0xef);
    let put = if bare { Put::Same } else { Put::Text };
    Ok((length, Cell::text(field), put))
}

/// What the server has escaped.
fn unescape(field: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(other) => *other,
                None => b'\\',
            },
            other => *other,
        });
    }
}

//! A value on its way out.

use super::time;
use super::types::SqlType;
use rusqlite::types::Value;

/// A value in the form of its column.
///
/// # Errors
/// What is wrong with it.
pub(super) fn value(out: &mut Vec<u8>, ty: &SqlType, nullable: bool, value: &Value) -> Result<(), String> {
    if *value == Value::Null {
        match ty {
            _ if ty.is_long() => out.extend_from_slice(&[0xff; 8]),
            SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
                out.extend_from_slice(&[0xff; 2])
            }
            SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::RowVersion => out.extend_from_slice(&[0xff; 2]),
            SqlType::Variant => out.extend_from_slice(&[0; 4]),
            _ => out.push(0),
        }
        return Ok(());
    }
    let mut body = Vec::new();
    plain(&mut body, ty, value)?;
    let prefixed = nullable || ty.fixed().is_none();
    match ty {
        _ if ty.is_long() => {
            out.extend_from_slice(&(body.len() as u64).to_le_bytes());
            // Several chunks, so that readers show that they can.
            for chunk in body.chunks(7000) {
                out.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
                out.extend_from_slice(chunk);
            }
            out.extend_from_slice(&[0; 4]);
            return Ok(());
        }
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::RowVersion => out.extend_from_slice(&(body.len() as u16).to_le_bytes()),
        SqlType::Variant => out.extend_from_slice(&(body.len() as u32).to_le_bytes()),
        _ if prefixed => out.push(body.len() as u8),
        _ => {}
    }
    out.extend_from_slice(&body);
    Ok(())
}

fn plain(out: &mut Vec<u8>, ty: &SqlType, value: &Value) -> Result<(), String> {
    match ty {
        SqlType::Bit => out.push(u8::from(integer(value)? != 0)),
        SqlType::TinyInt => out.push(integer(value)? as u8),
        SqlType::SmallInt => out.extend_from_slice(&(integer(value)? as i16).to_le_bytes()),
        SqlType::Int => out.extend_from_slice(&(integer(value)? as i32).to_le_bytes()),
        SqlType::BigInt => out.extend_from_slice(&integer(value)?.to_le_bytes()),
        SqlType::Real => out.extend_from_slice(&(real(value)? as f32).to_le_bytes()),
        SqlType::Float => out.extend_from_slice(&real(value)?.to_le_bytes()),
        SqlType::Decimal(p, s) | SqlType::Numeric(p, s) => {
            let unscaled = decimal(&text(value), *s)?;
            out.push(u8::from(unscaled >= 0));
            let bytes = unscaled.unsigned_abs().to_le_bytes();
            out.extend_from_slice(&bytes[..usize::from(SqlType::decimal_bytes(*p)) - 1]);
        }
        SqlType::Money => {
            let unscaled = decimal(&text(value), 4)? as i64;
            out.extend_from_slice(&((unscaled >> 32) as i32).to_le_bytes());
            out.extend_from_slice(&(unscaled as u32).to_le_bytes());
        }
        SqlType::SmallMoney => out.extend_from_slice(&(decimal(&text(value), 4)? as i32).to_le_bytes()),
        SqlType::Date => out.extend_from_slice(&time::moment(&text(value))?.0.to_le_bytes()[..3]),
        SqlType::Time(n) => {
            let text = text(value);
            let ticks = time::ticks(text.rsplit([' ', 'T']).next().unwrap_or_default())?;
            clock(out, time::rounded(0, ticks, *n).1, *n);
        }
        SqlType::DateTime2(n) => {
            let (days, ticks) = time::moment(&text(value))?;
            let (days, ticks) = time::rounded(days, ticks, *n);
            clock(out, ticks, *n);
            out.extend_from_slice(&days.to_le_bytes()[..3]);
        }
        SqlType::DateTimeOffset(n) => {
            let (days, ticks, minutes) = time::zoned(&text(value))?;
            let (days, ticks) = time::rounded(days, ticks, *n);
            clock(out, ticks, *n);
            out.extend_from_slice(&days.to_le_bytes()[..3]);
            out.extend_from_slice(&minutes.to_le_bytes());
        }
        SqlType::DateTime => {
            let (days, threes) = time::old(&text(value))?;
            out.extend_from_slice(&days.to_le_bytes());
            out.extend_from_slice(&threes.to_le_bytes());
        }
        SqlType::SmallDateTime => {
            let (days, ticks) = time::moment(&text(value))?;
            out.extend_from_slice(&((days as i32 - time::TO_1900) as u16).to_le_bytes());
            out.extend_from_slice(&((ticks / 600_000_000) as u16).to_le_bytes());
        }
        SqlType::Char(n) => {
            let mut bytes = latin(&text(value))?;
            bytes.resize(bytes.len().max(usize::from(*n)), b' ');
            out.extend_from_slice(&bytes);
        }
        SqlType::VarChar(_) => out.extend_from_slice(&latin(&text(value))?),
        SqlType::NChar(n) => {
            let mut units: Vec<u16> = text(value).encode_utf16().collect();
            units.resize(units.len().max(usize::from(*n)), 32);
            out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        }
        SqlType::NVarChar(_) | SqlType::Xml => out.extend(text(value).encode_utf16().flat_map(u16::to_le_bytes)),
        SqlType::Binary(n) => {
            let mut bytes = blob(value);
            bytes.resize(bytes.len().max(usize::from(*n)), 0);
            out.extend_from_slice(&bytes);
        }
        SqlType::VarBinary(_) | SqlType::RowVersion | SqlType::HierarchyId => out.extend_from_slice(&blob(value)),
        SqlType::Guid => out.extend_from_slice(&guid(&text(value))?),
        // An int inside: its type, no properties, its bytes.
        SqlType::Variant => {
            out.extend_from_slice(&[0x38, 0]);
            out.extend_from_slice(&(integer(value).unwrap_or(0) as i32).to_le_bytes());
        }
    }
    Ok(())
}

/// Ticks in the type's own unit and width.
fn clock(out: &mut Vec<u8>, ticks: u64, scale: u8) {
    let units = ticks / 10_u64.pow(7 - u32::from(scale));
    let width = match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    };
    out.extend_from_slice(&units.to_le_bytes()[..width]);
}

fn integer(value: &Value) -> Result<i64, String> {
    match value {
        Value::Integer(number) => Ok(*number),
        Value::Real(number) => Ok(*number as i64),
        other => text(other)
            .trim()
            .parse()
            .map_err(|_| format!("{:?} is no integer", text(other))),
    }
}

fn real(value: &Value) -> Result<f64, String> {
    match value {
        Value::Integer(number) => Ok(*number as f64),
        Value::Real(number) => Ok(*number),
        other => text(other)
            .trim()
            .parse()
            .map_err(|_| format!("{:?} is no number", text(other))),
    }
}

/// A value's text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn blob(value: &Value) -> Vec<u8> {
    match value {
        Value::Blob(bytes) => bytes.clone(),
        other => text(other).into_bytes(),
    }
}

/// The unscaled value, rounded half away from zero.
pub(super) fn decimal(text: &str, scale: u8) -> Result<i128, String> {
    let bad = || format!("{text:?} is no decimal");
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::from(scale);
    let mut kept: String = fraction.chars().take(scale).collect();
    while kept.len() < scale {
        kept.push('0');
    }
    let all = format!("{whole}{kept}");
    let mut unscaled: i128 = if all.is_empty() {
        0
    } else {
        all.parse().map_err(|_| bad())?
    };
    if fraction.as_bytes().get(scale).is_some_and(|digit| *digit >= b'5') {
        unscaled += 1;
    }
    Ok(if negative { -unscaled } else { unscaled })
}

/// In code page 1252.
///
/// # Errors
/// When a character is not in it.
pub(super) fn latin(text: &str) -> Result<Vec<u8>, String> {
    text.chars()
        .map(|c| match c {
            '€' => Ok(0x80),
            '“' => Ok(0x93),
            '”' => Ok(0x94),
            '–' => Ok(0x96),
            c if (c as u32) < 0x80 || (0xa0..0x100).contains(&(c as u32)) => Ok(c as u8),
            // What SQL Server puts in place of what it has not.
            _ => Ok(b'?'),
        })
        .collect()
}

/// From code page 1252.
pub(super) fn from_latin(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            0x80 => '€',
            0x93 => '“',
            0x94 => '”',
            0x96 => '–',
            byte => char::from(*byte),
        })
        .collect()
}

/// The first three groups are little-endian.
pub(super) fn swap_guid(bytes: &mut [u8; 16]) {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
}

fn guid(text: &str) -> Result<[u8; 16], String> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let mut bytes = number
        .ok_or_else(|| format!("{text:?} is no uniqueidentifier"))?
        .to_be_bytes();
    swap_guid(&mut bytes);
    Ok(bytes)
}

/// The text of sixteen bytes as they are on the wire.
pub(super) fn guid_text(mut bytes: [u8; 16]) -> String {
    swap_guid(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

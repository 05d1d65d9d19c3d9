//! What a client sends: types and values of parameters and of rows to be loaded.

use super::encode::{from_latin, guid_text};
use super::time;
use super::types::SqlType;
use rusqlite::types::Value;

/// A cursor over a message.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// How a client announced a type: what it is, and how long its values' lengths are.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    pub(super) ty: SqlType,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// No length.
    Fixed,
    /// One byte.
    Byte,
    /// Two bytes, 0xffff is NULL.
    Short,
    /// In chunks.
    Chunks,
    /// A text pointer, then four bytes.
    Pointer,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("the message ends {count} bytes too early, at {}", self.at))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn u8(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, String> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, String> {
        Ok(self.number(4)? as u32)
    }

    /// Little-endian, up to eight bytes.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, String> {
        Ok(self
            .take(width)?
            .iter()
            .rev()
            .fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    pub(super) fn units(&mut self, count: usize) -> Result<String, String> {
        Ok(utf16(self.take(count * 2)?))
    }

    pub(super) fn b_text(&mut self) -> Result<String, String> {
        let count = self.u8()?;
        self.units(count.into())
    }

    pub(super) fn us_text(&mut self) -> Result<String, String> {
        let count = self.u16()?;
        self.units(count.into())
    }

    /// TYPE_INFO.
    pub(super) fn announced(&mut self) -> Result<Announced, String> {
        use SqlType as T;
        let token = self.u8()?;
        let of = |ty, form| Ok(Announced { ty, form });
        match token {
            0x1f => of(T::Int, Form::Fixed),
            0x32 => of(T::Bit, Form::Fixed),
            0x30 => of(T::TinyInt, Form::Fixed),
            0x34 => of(T::SmallInt, Form::Fixed),
            0x38 => of(T::Int, Form::Fixed),
            0x7f => of(T::BigInt, Form::Fixed),
            0x3b => of(T::Real, Form::Fixed),
            0x3e => of(T::Float, Form::Fixed),
            0x3c => of(T::Money, Form::Fixed),
            0x7a => of(T::SmallMoney, Form::Fixed),
            0x3d => of(T::DateTime, Form::Fixed),
            0x3a => of(T::SmallDateTime, Form::Fixed),
            0x28 => of(T::Date, Form::Byte),
            0x24 => self.u8().and_then(|_| of(T::Guid, Form::Byte)),
            0x68 => self.u8().and_then(|_| of(T::Bit, Form::Byte)),
            0x26 => match self.u8()? {
                1 => of(T::TinyInt, Form::Byte),
                2 => of(T::SmallInt, Form::Byte),
                4 => of(T::Int, Form::Byte),
                _ => of(T::BigInt, Form::Byte),
            },
            0x6d => match self.u8()? {
                4 => of(T::Real, Form::Byte),
                _ => of(T::Float, Form::Byte),
            },
            0x6e => match self.u8()? {
                4 => of(T::SmallMoney, Form::Byte),
                _ => of(T::Money, Form::Byte),
            },
            0x6f => match self.u8()? {
                4 => of(T::SmallDateTime, Form::Byte),
                _ => of(T::DateTime, Form::Byte),
            },
            0x29 => self.u8().and_then(|n| of(T::Time(n), Form::Byte)),
            0x2a => self.u8().and_then(|n| of(T::DateTime2(n), Form::Byte)),
            0x2b => self.u8().and_then(|n| of(T::DateTimeOffset(n), Form::Byte)),
            0x6a | 0x6c | 0x37 | 0x3f => {
                let (_, p, s) = (self.u8()?, self.u8()?, self.u8()?);
                of(
                    if token == 0x6a {
                        T::Decimal(p, s)
                    } else {
                        T::Numeric(p, s)
                    },
                    Form::Byte,
                )
            }
            0xa7 | 0xaf | 0xe7 | 0xef => {
                let length = self.u16()?;
                self.take(5)?;
                let form = if length == 0xffff { Form::Chunks } else { Form::Short };
                let wide = token == 0xe7 || token == 0xef;
                let n = (length != 0xffff).then_some(if wide { length / 2 } else { length });
                of(if wide { T::NVarChar(n) } else { T::VarChar(n) }, form)
            }
            0xa5 | 0xad => {
                let length = self.u16()?;
                let form = if length == 0xffff { Form::Chunks } else { Form::Short };
                of(T::VarBinary((length != 0xffff).then_some(length)), form)
            }
            0xf1 => {
                if self.u8()? == 1 {
                    self.b_text()?;
                    self.b_text()?;
                    self.us_text()?;
                }
                of(T::Xml, Form::Chunks)
            }
            0x22 => self.u32().and_then(|_| of(T::VarBinary(None), Form::Pointer)),
            0x23 | 0x63 => {
                self.u32()?;
                self.take(5)?;
                of(
                    if token == 0x23 {
                        T::VarChar(None)
                    } else {
                        T::NVarChar(None)
                    },
                    Form::Pointer,
                )
            }
            token => Err(format!("a type {token:#04x} that the peer does not know")),
        }
    }

    /// COLMETADATA as the head of a bulk load; the token itself was read.
    pub(super) fn bulk_columns(&mut self) -> Result<Vec<(String, Announced)>, String> {
        let count = self.u16()?;
        let mut columns = Vec::new();
        for _ in 0..count {
            self.u32()?;
            self.u16()?;
            let announced = self.announced()?;
            if announced.form == Form::Pointer {
                let parts = self.u8()?;
                for _ in 0..parts {
                    self.us_text()?;
                }
            }
            columns.push((self.b_text()?, announced));
        }
        Ok(columns)
    }

    /// A value of a type.
    pub(super) fn value(&mut self, announced: &Announced) -> Result<Value, String> {
        let bytes: Vec<u8> = match announced.form {
            Form::Fixed => {
                let width = match announced.ty {
                    SqlType::Bit | SqlType::TinyInt => 1,
                    SqlType::SmallInt => 2,
                    SqlType::Int | SqlType::Real | SqlType::SmallMoney | SqlType::SmallDateTime => 4,
                    _ => 8,
                };
                self.take(width)?.to_vec()
            }
            Form::Byte => match self.u8()? {
                0 => return Ok(Value::Null),
                n => self.take(n.into())?.to_vec(),
            },
            Form::Short => match self.u16()? {
                0xffff => return Ok(Value::Null),
                n => self.take(n.into())?.to_vec(),
            },
            Form::Chunks => match self.number(8)? {
                u64::MAX => return Ok(Value::Null),
                _ => {
                    let mut all = Vec::new();
                    loop {
                        match self.u32()? {
                            0 => break all,
                            n => all.extend_from_slice(self.take(n as usize)?),
                        }
                    }
                }
            },
            Form::Pointer => match self.u8()? {
                0 => return Ok(Value::Null),
                n => {
                    self.take(usize::from(n) + 8)?;
                    let length = self.u32()?;
                    self.take(length as usize)?.to_vec()
                }
            },
        };
        of_bytes(&announced.ty, &bytes)
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}

fn of_bytes(ty: &SqlType, bytes: &[u8]) -> Result<Value, String> {
    let mut body = Reader::new(bytes);
    let signed = |number: u64, width: usize| {
        let shift = 64 - 8 * width as u32;
        ((number << shift) as i64) >> shift
    };
    Ok(match ty {
        SqlType::Bit | SqlType::TinyInt => Value::Integer(body.u8()?.into()),
        SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            Value::Integer(signed(body.number(bytes.len())?, bytes.len()))
        }
        SqlType::Real => {
            let number = f32::from_bits(body.u32()?);
            finite(number.into())?
        }
        SqlType::Float => finite(f64::from_bits(body.number(8)?))?,
        SqlType::Decimal(_, scale) | SqlType::Numeric(_, scale) => {
            let positive = body.u8()? == 1;
            let all = bytes[1..]
                .iter()
                .rev()
                .fold(0_i128, |all, byte| all << 8 | i128::from(*byte));
            Value::Text(decimal_text(if positive { all } else { -all }, *scale))
        }
        SqlType::Money => {
            let (high, low) = (body.u32()?, body.u32()?);
            let all = (u64::from(high) << 32 | u64::from(low)) as i64;
            Value::Text(decimal_text(all.into(), 4))
        }
        SqlType::SmallMoney => Value::Text(decimal_text(signed(body.number(4)?, 4).into(), 4)),
        SqlType::Date => Value::Text(time::date_text(body.number(3)? as u32)),
        SqlType::Time(n) => Value::Text(time::time_text(clock(&mut body, bytes.len(), *n)?, *n)),
        SqlType::DateTime2(n) => {
            let ticks = clock(&mut body, bytes.len() - 3, *n)?;
            let days = body.number(3)? as u32;
            Value::Text(format!("{} {}", time::date_text(days), time::time_text(ticks, *n)))
        }
        SqlType::DateTimeOffset(n) => {
            let ticks = clock(&mut body, bytes.len() - 5, *n)?;
            let days = body.number(3)? as u32;
            let minutes = body.u16()? as i16;
            Value::Text(time::zoned_text(days, ticks, minutes, *n))
        }
        SqlType::DateTime => {
            let (days, threes) = (body.u32()? as i32, body.u32()?);
            Value::Text(time::old_text(days, threes))
        }
        SqlType::SmallDateTime => {
            let (days, minutes) = (body.u16()?, body.u16()?);
            let ticks = u64::from(minutes) * 600_000_000;
            Value::Text(format!(
                "{} {}",
                time::date_text(u32::from(days) + time::TO_1900 as u32),
                time::time_text(ticks, 0)
            ))
        }
        SqlType::Char(_) | SqlType::VarChar(_) => Value::Text(from_latin(bytes)),
        SqlType::NChar(_) | SqlType::NVarChar(_) => Value::Text(utf16(bytes)),
        SqlType::Xml => Value::Text(utf16(bytes).trim_start_matches('\u{feff}').to_owned()),
        SqlType::Guid => {
            let raw: [u8; 16] = bytes.try_into().map_err(|_| "a uniqueidentifier of another length")?;
            Value::Text(guid_text(raw))
        }
        _ => Value::Blob(bytes.to_vec()),
    })
}

/// The server refuses what SQLite would turn into NULL or keep as infinity.
fn finite(number: f64) -> Result<Value, String> {
    match number.is_finite() {
        true => Ok(Value::Real(number)),
        false => Err("8023: a float that is no number".to_owned()),
    }
}

fn clock(body: &mut Reader<'_>, width: usize, scale: u8) -> Result<u64, String> {
    Ok(body.number(width)? * 10_u64.pow(7 - u32::from(scale.min(7))))
}

/// A decimal's text, with all digits of its scale.
pub(super) fn decimal_text(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

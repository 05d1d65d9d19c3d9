//! A slice of a column's values, as they are coded.

use super::bounds::Bound;
use super::numbers::Numbers;
use super::texts::Texts;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, TimeUnit};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use parquet::basic::Type;

/// Numbers of at most so many digits are 32 bits, and of so many 64.
const DIGITS: (u8, u8) = (9, 18);

/// How Parquet stores a type whose values are coded here; none for those that are not.
pub(super) fn kind(data_type: &DataType) -> Option<Type> {
    Some(match data_type {
        DataType::Int16 | DataType::Int32 | DataType::Date32 => Type::INT32,
        DataType::Int64 | DataType::Time64(TimeUnit::Microsecond) => Type::INT64,
        DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => Type::INT64,
        DataType::Decimal128(digits, 0..) if *digits <= DIGITS.0 => Type::INT32,
        DataType::Decimal128(digits, 0..) if *digits <= DIGITS.1 => Type::INT64,
        DataType::Utf8 => Type::BYTE_ARRAY,
        _ => return None,
    })
}

/// Some rows of a column.
pub(super) enum Slice<'a> {
    /// Where a row is NULL the number says nothing.
    Numbers(&'a [i64], Option<&'a NullBuffer>),
    Texts(&'a StringArray),
}

impl<'a> Slice<'a> {
    /// The values of an array of such a type; numbers lie in `room`. None for another type.
    pub(super) fn of(array: &'a ArrayRef, room: &'a mut Vec<i64>) -> Option<Self> {
        fn fill<T: ArrowPrimitiveType>(array: &ArrayRef, room: &mut Vec<i64>, number: impl Fn(T::Native) -> i64) {
            room.extend(array.as_primitive::<T>().values().iter().map(|value| number(*value)));
        }
        room.clear();
        match array.data_type() {
            DataType::Int16 => fill::<Int16Type>(array, room, i64::from),
            DataType::Int32 => fill::<Int32Type>(array, room, i64::from),
            DataType::Int64 => fill::<Int64Type>(array, room, |value| value),
            DataType::Date32 => fill::<Date32Type>(array, room, i64::from),
            DataType::Time64(TimeUnit::Microsecond) => fill::<Time64MicrosecondType>(array, room, |value| value),
            DataType::Timestamp(TimeUnit::Millisecond, _) => fill::<TimestampMillisecondType>(array, room, |v| v),
            DataType::Timestamp(TimeUnit::Microsecond, _) => fill::<TimestampMicrosecondType>(array, room, |v| v),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => fill::<TimestampNanosecondType>(array, room, |v| v),
            // Its digits fit, so that nothing is cut off.
            DataType::Decimal128(digits, _) if *digits <= DIGITS.1 => {
                fill::<Decimal128Type>(array, room, |value| value as i64)
            }
            DataType::Utf8 => return Some(Self::Texts(array.as_string())),
            _ => return None,
        }
        Some(Self::Numbers(room, array.nulls()))
    }

    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Numbers(numbers, _) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    pub(super) fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Numbers(_, nulls) => *nulls,
            Self::Texts(texts) => texts.nulls(),
        }
        .filter(|nulls| nulls.null_count() > 0)
    }

    /// An empty dictionary of at most so many bytes for such values.
    pub(super) fn dictionary(&self, kind: Type, most: usize) -> Dictionary {
        match self {
            Self::Numbers(numbers, _) => {
                let (least, greatest) = (numbers.iter().min(), numbers.iter().max());
                Dictionary::Numbers(Numbers::new(
                    most / size(kind),
                    least.copied().unwrap_or_default(),
                    greatest.copied().unwrap_or_default(),
                ))
            }
            Self::Texts(_) => Dictionary::Texts(Box::new(Texts::new(most))),
        }
    }
}

/// The distinct values of a chunk.
pub(super) enum Dictionary {
    Numbers(Numbers),
    Texts(Box<Texts>),
}

impl Dictionary {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.values().len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Bytes of all of them in the file.
    pub(super) fn bytes(&self, kind: Type) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.values().len() * size(kind),
            Self::Texts(texts) => texts.page().len(),
        }
    }

    /// Appends the codes of the values that are there; false when there is no room for one of them, and then some are missing.
    pub(super) fn code(&mut self, slice: &Slice<'_>, codes: &mut Vec<u32>) -> bool {
        let nulls = slice.nulls();
        codes.reserve(slice.rows());
        let mut push = |code: Option<u32>| code.map(|code| codes.push(code)).is_some();
        match (self, slice, nulls) {
            (Self::Numbers(dictionary), Slice::Numbers(numbers, _), None) => {
                numbers.iter().all(|number| push(dictionary.code(*number)))
            }
            (Self::Numbers(dictionary), Slice::Numbers(numbers, _), Some(nulls)) => {
                nulls.valid_indices().all(|row| push(dictionary.code(numbers[row])))
            }
            (Self::Texts(dictionary), Slice::Texts(texts), None) => {
                (0..texts.len()).all(|row| push(dictionary.code(texts.value(row).as_bytes())))
            }
            (Self::Texts(dictionary), Slice::Texts(texts), Some(nulls)) => nulls
                .valid_indices()
                .all(|row| push(dictionary.code(texts.value(row).as_bytes()))),
            // A column's batches are all of one type.
            _ => false,
        }
    }

    /// The least and the greatest of what these codes stand for, and their bytes as texts.
    pub(super) fn bounds(&self, codes: &[u32]) -> Option<(Bound, Bound)> {
        match self {
            Self::Numbers(numbers) => {
                let numbers = numbers.values();
                let values = codes.iter().map(|code| numbers[*code as usize]);
                let (least, greatest) = values.fold((i64::MAX, i64::MIN), |(least, greatest), value| {
                    (least.min(value), greatest.max(value))
                });
                (!codes.is_empty()).then_some((Bound::Number(least), Bound::Number(greatest)))
            }
            Self::Texts(texts) => {
                let mut seen = vec![false; texts.len()];
                for code in codes {
                    seen[*code as usize] = true;
                }
                let seen = || {
                    (0_u32..)
                        .zip(&seen)
                        .filter(|(_, seen)| **seen)
                        .map(|(code, _)| texts.text(code))
                };
                let (least, greatest) = (seen().min()?, seen().max()?);
                Some((Bound::Text(least.to_vec()), Bound::Text(greatest.to_vec())))
            }
        }
    }

    /// Bytes of the texts that these codes stand for; none for numbers.
    pub(super) fn text_bytes(&self, codes: &[u32]) -> Option<i64> {
        match self {
            Self::Numbers(_) => None,
            Self::Texts(texts) => Some(codes.iter().map(|code| texts.text(*code).len() as i64).sum()),
        }
    }

    /// Appends all values, one behind the other, as a dictionary page holds them.
    pub(super) fn write(&self, kind: Type, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(numbers) if kind == Type::INT32 => {
                numbers
                    .values()
                    .iter()
                    .for_each(|number| out.extend_from_slice(&(*number as i32).to_le_bytes()));
            }
            Self::Numbers(numbers) => {
                numbers
                    .values()
                    .iter()
                    .for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
            }
            Self::Texts(texts) => out.extend_from_slice(texts.page()),
        }
    }
}

/// Bytes of a number.
fn size(kind: Type) -> usize {
    match kind {
        Type::INT32 => 4,
        _ => 8,
    }
}

//! Rows of the driver into Arrow's columns.

use super::time;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder, Time64MicrosecondBuilder,
    Time64NanosecondBuilder, TimestampMicrosecondBuilder, TimestampMillisecondBuilder, TimestampNanosecondBuilder,
    TimestampSecondBuilder, UInt8Builder,
};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use tiberius::ColumnData;
use uuid::Uuid;

/// Money above this many ten-thousandths may have been rounded by the driver, which reads it as a binary fraction.
const EXACT_MONEY: f64 = 4_503_599_627_370_496.0;

/// A batch that is being filled.
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

enum Column {
    Boolean(BooleanBuilder),
    UInt8(UInt8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    TimeMicro(Time64MicrosecondBuilder),
    TimeNano(Time64NanosecondBuilder),
    Second(TimestampSecondBuilder),
    Milli(TimestampMillisecondBuilder),
    Micro(TimestampMicrosecondBuilder),
    Nano(TimestampNanosecondBuilder),
}

impl Rows {
    /// Empty columns of a schema.
    ///
    /// # Errors
    /// `SL9001` for a type that nothing is read into.
    pub(crate) fn new(schema: SchemaRef) -> Result<Self, Fault> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| Column::new(field.data_type()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            schema,
            columns,
            rows: 0,
            bytes: 0,
        })
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Bytes of Arrow memory so far, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row, or nothing of it.
    ///
    /// # Errors
    /// `SL6011`, naming the column.
    pub(crate) fn push(&mut self, row: &tiberius::Row) -> Result<(), Fault> {
        if row.len() != self.columns.len() {
            let text = format!(
                "a row has {} columns, and {} were described",
                row.len(),
                self.columns.len()
            );
            return Err(Fault::new(Code::StoreFailed, text));
        }
        for (index, (_, data)) in row.cells().enumerate() {
            match self.columns[index].push(data) {
                Ok(bytes) => self.bytes += bytes,
                Err(why) => {
                    self.take_back(index)?;
                    let text = format!("a value of column {:?} {why}", self.schema.field(index).name());
                    return Err(Fault::new(Code::DataInvalid, text));
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// What is there, as a batch; the columns are empty again.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, Fault> {
        let schema = self.schema.clone();
        let arrays: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .zip(schema.fields())
            .map(|(c, f)| c.finish(f.data_type()))
            .collect();
        self.rows = 0;
        self.bytes = 0;
        RecordBatch::try_new(schema, arrays).map_err(|error| Fault::new(Code::Internal, error.to_string()))
    }

    /// Drops what the first columns have of a row that did not fit. Builders do not shrink: they are built again.
    fn take_back(&mut self, columns: usize) -> Result<(), Fault> {
        for index in 0..columns {
            let ty = self.schema.field(index).data_type();
            let kept = self.columns[index].finish(ty).slice(0, self.rows);
            self.columns[index] = Column::new(ty)?;
            self.columns[index].refill(&kept);
        }
        Ok(())
    }
}

impl Column {
    fn new(ty: &DataType) -> Result<Self, Fault> {
        Ok(match ty {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::UInt8 => Self::UInt8(UInt8Builder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal128(_, scale) => {
                Self::Decimal(Decimal128Builder::new(), u8::try_from(*scale).unwrap_or(0))
            }
            DataType::Utf8 => Self::Utf8(StringBuilder::new()),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Time64(TimeUnit::Microsecond) => Self::TimeMicro(Time64MicrosecondBuilder::new()),
            DataType::Time64(TimeUnit::Nanosecond) => Self::TimeNano(Time64NanosecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Second, _) => Self::Second(TimestampSecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Self::Milli(TimestampMillisecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Micro(TimestampMicrosecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Self::Nano(TimestampNanosecondBuilder::new()),
            other => return Err(Fault::new(Code::Internal, format!("nothing is read into {other}"))),
        })
    }

    /// Adds a value; the bytes that it takes, about.
    fn push(&mut self, data: &ColumnData<'_>) -> Result<usize, String> {
        use ColumnData as C;
        match (self, data) {
            (Self::Boolean(b), C::Bit(value)) => b.append_option(*value),
            (Self::UInt8(b), C::U8(value)) => b.append_option(*value),
            (Self::Int16(b), C::I16(value)) => b.append_option(*value),
            (Self::Int32(b), C::I32(value)) => b.append_option(*value),
            (Self::Int64(b), C::I64(value)) => b.append_option(*value),
            (Self::Float32(b), C::F32(value)) => b.append_option(*value),
            (Self::Float64(b), C::F64(value)) => b.append_option(*value),
            (Self::Decimal(b, scale), C::Numeric(value)) => match value {
                None => b.append_null(),
                Some(number) if number.scale() == *scale => b.append_value(number.value()),
                Some(number) => return Err(format!("has the scale {} instead of {scale}", number.scale())),
            },
            // Only money comes so; its column has four digits.
            (Self::Decimal(b, 4), C::F64(value)) => match value.map(money).transpose()? {
                None => b.append_null(),
                Some(unscaled) => b.append_value(unscaled),
            },
            (Self::Decimal(b, 4), C::F32(value)) => match value.map(|v| money(v.into())).transpose()? {
                None => b.append_null(),
                Some(unscaled) => b.append_value(unscaled),
            },
            (Self::Utf8(b), C::String(value)) => {
                b.append_option(value.as_deref());
                return Ok(value.as_ref().map_or(4, |text| text.len() + 4));
            }
            (Self::Utf8(b), C::Xml(value)) => {
                let text = value.as_ref().map(|xml| xml.as_ref().as_ref());
                b.append_option(text);
                return Ok(text.map_or(4, |text: &str| text.len() + 4));
            }
            (Self::Utf8(b), C::Guid(value)) => {
                let mut buffer = Uuid::encode_buffer();
                b.append_option(value.as_ref().map(|id| &*id.hyphenated().encode_lower(&mut buffer)));
                return Ok(40);
            }
            (Self::Binary(b), C::Binary(value)) => {
                b.append_option(value.as_deref());
                return Ok(value.as_ref().map_or(4, |bytes| bytes.len() + 4));
            }
            (Self::Date(b), C::Date(value)) => b.append_option(value.map(time::of_date)),
            (Self::TimeMicro(b), C::Time(value)) => b.append_option(times(*value, TimeUnit::Microsecond)?),
            (Self::TimeNano(b), C::Time(value)) => b.append_option(times(*value, TimeUnit::Nanosecond)?),
            (column, data) => return column.moment(data).map(|()| 8),
        }
        Ok(8)
    }

    fn moment(&mut self, data: &ColumnData<'_>) -> Result<(), String> {
        use ColumnData as C;
        let unit = match self {
            Self::Second(_) => TimeUnit::Second,
            Self::Milli(_) => TimeUnit::Millisecond,
            Self::Micro(_) => TimeUnit::Microsecond,
            Self::Nano(_) => TimeUnit::Nanosecond,
            _ => return Err(unexpected(data)),
        };
        let ticks = match data {
            C::DateTime2(value) => value.map(time::of_datetime2),
            C::DateTimeOffset(value) => value.map(time::of_offset),
            C::DateTime(value) => value.map(|value| i128::from(time::of_datetime(value)) * 10_000),
            C::SmallDateTime(value) => value.map(|value| i128::from(time::of_smalldatetime(value)) * 10_000_000),
            other => return Err(unexpected(other)),
        };
        let count = ticks.map(|ticks| time::in_unit(ticks, unit)).transpose()?;
        match self {
            Self::Second(b) => b.append_option(count),
            Self::Milli(b) => b.append_option(count),
            Self::Micro(b) => b.append_option(count),
            Self::Nano(b) => b.append_option(count),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, ty: &DataType) -> ArrayRef {
        let zone = match ty {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        match self {
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::UInt8(b) => Arc::new(b.finish()),
            Self::Int16(b) => Arc::new(b.finish()),
            Self::Int32(b) => Arc::new(b.finish()),
            Self::Int64(b) => Arc::new(b.finish()),
            Self::Float32(b) => Arc::new(b.finish()),
            Self::Float64(b) => Arc::new(b.finish()),
            Self::Decimal(b, _) => Arc::new(b.finish().with_data_type(ty.clone())),
            Self::Utf8(b) => Arc::new(b.finish()),
            Self::Binary(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::TimeMicro(b) => Arc::new(b.finish()),
            Self::TimeNano(b) => Arc::new(b.finish()),
            Self::Second(b) => Arc::new(b.finish().with_timezone_opt(zone)),
            Self::Milli(b) => Arc::new(b.finish().with_timezone_opt(zone)),
            Self::Micro(b) => Arc::new(b.finish().with_timezone_opt(zone)),
            Self::Nano(b) => Arc::new(b.finish().with_timezone_opt(zone)),
        }
    }

    /// Puts back what was taken.
    fn refill(&mut self, kept: &ArrayRef) {
        use arrow::array::AsArray;
        use arrow::datatypes as t;
        macro_rules! primitive {
            ($builder:ident, $ty:ty) => {
                kept.as_primitive::<$ty>()
                    .iter()
                    .for_each(|value| $builder.append_option(value))
            };
        }
        match self {
            Self::Boolean(b) => kept.as_boolean().iter().for_each(|value| b.append_option(value)),
            Self::UInt8(b) => primitive!(b, t::UInt8Type),
            Self::Int16(b) => primitive!(b, t::Int16Type),
            Self::Int32(b) => primitive!(b, t::Int32Type),
            Self::Int64(b) => primitive!(b, t::Int64Type),
            Self::Float32(b) => primitive!(b, t::Float32Type),
            Self::Float64(b) => primitive!(b, t::Float64Type),
            Self::Decimal(b, _) => primitive!(b, t::Decimal128Type),
            Self::Utf8(b) => kept.as_string::<i32>().iter().for_each(|value| b.append_option(value)),
            Self::Binary(b) => kept.as_binary::<i32>().iter().for_each(|value| b.append_option(value)),
            Self::Date(b) => primitive!(b, t::Date32Type),
            Self::TimeMicro(b) => primitive!(b, t::Time64MicrosecondType),
            Self::TimeNano(b) => primitive!(b, t::Time64NanosecondType),
            Self::Second(b) => primitive!(b, t::TimestampSecondType),
            Self::Milli(b) => primitive!(b, t::TimestampMillisecondType),
            Self::Micro(b) => primitive!(b, t::TimestampMicrosecondType),
            Self::Nano(b) => primitive!(b, t::TimestampNanosecondType),
        }
    }
}

fn times(value: Option<tiberius::time::Time>, unit: TimeUnit) -> Result<Option<i64>, String> {
    value.map(|value| time::in_unit(time::of_time(value), unit)).transpose()
}

/// Ten-thousandths.
fn money(value: f64) -> Result<i128, String> {
    let unscaled = (value * 10_000.0).round();
    match unscaled.abs() < EXACT_MONEY {
        true => Ok(unscaled as i128),
        false => Err("is money of more than 450 billion: cast it to decimal(19,4) in the query".to_owned()),
    }
}

fn unexpected(data: &ColumnData<'_>) -> String {
    let kind = format!("{data:?}");
    let kind = kind.split('(').next().unwrap_or_default();
    format!("came as {kind}, which is not what its column was described as")
}

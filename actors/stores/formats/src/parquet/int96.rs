//! INT96, in which Spark, Hive and Impala write timestamps: a day and its nanoseconds. The decoder makes 64 bits of them, and
//! says nothing when they do not fit: beyond the year 2262 nanoseconds begin anew in 1677, and microseconds drop what is finer.
//!
//! So such columns are decoded twice, in two units that can only agree where nothing was lost. They are microseconds, which reach
//! every year that other stores know, unless the file's own Arrow schema says nanoseconds.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    ArrowTimestampType, DataType, Field, FieldRef, Fields, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type;
use parquet::errors::Result;
use std::sync::Arc;

/// The name under which a file keeps its Arrow schema.
const ARROW_SCHEMA: &str = "ARROW:schema";

/// A file's columns with INT96 in them, read another time.
pub(super) struct Shadow {
    pub(super) footer: ArrowReaderMetadata,
    /// Their places among the file's columns.
    pub(super) columns: Vec<usize>,
}

/// The footer whose INT96 are microseconds, where the file does not say what they are.
///
/// # Errors
/// The decoder's.
pub(super) fn in_microseconds(footer: ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let file = footer.metadata().file_metadata();
    let mut says = file.key_value_metadata().into_iter().flatten();
    if columns(&footer).is_empty() || says.any(|pair| pair.key == ARROW_SCHEMA) {
        return Ok(footer);
    }
    retyped(&footer, |_| TimeUnit::Microsecond)
}

/// What is read beside the columns to tell whether they hold what the file does; none for files without INT96.
///
/// # Errors
/// The decoder's.
pub(super) fn shadow(footer: &ArrowReaderMetadata) -> Result<Option<Shadow>> {
    let columns = columns(footer);
    if columns.is_empty() {
        return Ok(None);
    }
    let footer = retyped(footer, |unit| match unit {
        TimeUnit::Nanosecond => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    })?;
    Ok(Some(Shadow { footer, columns }))
}

/// Whether a column and its shadow say the same of every moment, and nothing was lost.
pub(super) fn agree(column: &ArrayRef, shadow: &ArrayRef) -> bool {
    let inner = |column: &ArrayRef| -> Vec<ArrayRef> {
        match column.data_type() {
            DataType::List(_) => vec![column.as_list::<i32>().values().clone()],
            DataType::LargeList(_) => vec![column.as_list::<i64>().values().clone()],
            DataType::FixedSizeList(..) => vec![column.as_fixed_size_list().values().clone()],
            DataType::Map(..) => column.as_map().entries().columns().to_vec(),
            DataType::Struct(_) => column.as_struct().columns().to_vec(),
            _ => Vec::new(),
        }
    };
    match (column.data_type(), shadow.data_type()) {
        (DataType::Timestamp(unit, _), DataType::Timestamp(other, _)) if unit != other => same_moments(column, shadow),
        _ => {
            let (inner, shadows) = (inner(column), inner(shadow));
            inner.iter().zip(&shadows).all(|(column, shadow)| agree(column, shadow))
        }
    }
}

/// Why a column whose shadow disagrees is not read.
pub(super) fn lost(name: &str, data_type: &DataType) -> String {
    let what = match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => "before 1677 or after 2262, where nanoseconds do not reach",
        DataType::Timestamp(..) => {
            "finer than the microseconds, or the unit of the file's own schema, that it is read in"
        }
        _ => "that its unit does not hold",
    };
    format!("column {name:?} has a timestamp (INT96) {what}; write the file with TIMESTAMP columns of another unit")
}

fn same_moments(column: &ArrayRef, shadow: &ArrayRef) -> bool {
    let (Some((found, nanos)), Some((shadow, shadows))) = (ticks(column), ticks(shadow)) else {
        return false;
    };
    found.iter().zip(shadow.iter()).all(|pair| match pair {
        // Nanoseconds that have begun anew are off by what 64 bits hold.
        (Some(found), Some(shadow)) if nanos == 1 => {
            i128::from(found).div_euclid(i128::from(shadows)) == i128::from(shadow)
        }
        // Whether the shadow's have or not: the difference is what is finer than the column's unit.
        (Some(found), Some(shadow)) => shadow == found.wrapping_mul(nanos),
        (None, None) => true,
        _ => false,
    })
}

/// The numbers of a column of timestamps, and the nanoseconds of each.
fn ticks(column: &ArrayRef) -> Option<(PrimitiveArray<Int64Type>, i64)> {
    fn of<T: ArrowTimestampType>(column: &ArrayRef) -> PrimitiveArray<Int64Type> {
        column.as_primitive::<T>().reinterpret_cast()
    }
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => Some((of::<TimestampSecondType>(column), 1_000_000_000)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Some((of::<TimestampMillisecondType>(column), 1_000_000)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Some((of::<TimestampMicrosecondType>(column), 1_000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Some((of::<TimestampNanosecondType>(column), 1)),
        _ => None,
    }
}

fn is_int96(footer: &ArrowReaderMetadata, leaf: usize) -> bool {
    let schema = footer.metadata().file_metadata().schema_descr();
    leaf < schema.num_columns() && schema.column(leaf).physical_type() == Type::INT96
}

/// The places of the columns that hold INT96, themselves or further in.
fn columns(footer: &ArrowReaderMetadata) -> Vec<usize> {
    let schema = footer.metadata().file_metadata().schema_descr();
    let leaves = (0..schema.num_columns()).filter(|leaf| is_int96(footer, *leaf));
    let mut columns: Vec<usize> = leaves.map(|leaf| schema.get_column_root_idx(leaf)).collect();
    columns.dedup();
    columns
}

/// The same file with other units of its INT96.
fn retyped(footer: &ArrowReaderMetadata, unit: impl Fn(TimeUnit) -> TimeUnit) -> Result<ArrowReaderMetadata> {
    let mut leaf = 0;
    let retype = &mut |found: &DataType| {
        leaf += 1;
        match found {
            DataType::Timestamp(own, zone) if is_int96(footer, leaf - 1) => {
                DataType::Timestamp(unit(*own), zone.clone())
            }
            other => other.clone(),
        }
    };
    let fields: Fields = footer
        .schema()
        .fields()
        .iter()
        .map(|field| field_with(field, retype))
        .collect();
    let schema: SchemaRef = Arc::new(Schema::new_with_metadata(fields, footer.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(footer.metadata().clone(), ArrowReaderOptions::new().with_schema(schema))
}

/// A field whose leaves, in their order, are of other types.
fn field_with(field: &FieldRef, leaf: &mut impl FnMut(&DataType) -> DataType) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(field_with(item, leaf)),
        DataType::LargeList(item) => DataType::LargeList(field_with(item, leaf)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(field_with(item, leaf), *size),
        DataType::Map(entries, sorted) => DataType::Map(field_with(entries, leaf), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| field_with(field, leaf)).collect()),
        other => leaf(other),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

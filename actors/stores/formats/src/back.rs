//! Reading back what was written: which types come back as what they were.

use arrow::array::new_empty_array;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema};

/// Bytes of Arrow memory that a batch which is read back should stay under.
pub(crate) const BATCH_BYTES: usize = 1 << 20;

/// Whether a file's own columns are those that were written, in types that hold all of their values.
///
/// # Errors
/// The column that cannot be compared, and why, in words.
pub(crate) fn same_columns(read: &Schema, written: &Schema) -> Result<(), String> {
    if read.fields().len() != written.fields().len() {
        let (found, wanted) = (read.fields().len(), written.fields().len());
        return Err(format!("the file gives back {found} columns of {wanted}"));
    }
    for (found, field) in read.fields().iter().zip(written.fields()) {
        let (is, was) = (found.data_type(), field.data_type());
        if small_keys(was) || !faithful(is, was) || !castable(is, was) {
            return Err(format!(
                "the file gives back column {:?} of type {was} as {is}",
                field.name()
            ));
        }
    }
    Ok(())
}

/// Whether a dictionary's keys may be too few for the values of one batch, which may come of several written ones.
pub(crate) fn small_keys(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(key, _) => matches!(**key, DataType::Int8 | DataType::UInt8),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            matches!(item.data_type(), DataType::Dictionary(..)) || small_keys(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| small_keys(field.data_type())),
        _ => false,
    }
}

/// Whether Arrow casts between two types at all.
pub(crate) fn castable(from: &DataType, to: &DataType) -> bool {
    let to = match to {
        // As the copy casts it.
        DataType::Timestamp(unit, Some(_)) => &DataType::Timestamp(*unit, Some("+00:00".into())),
        other => other,
    };
    from == to || cast(&new_empty_array(from), to).is_ok()
}

/// Whether values that were written as one type are all among those of another, and mean the same there.
fn faithful(read: &DataType, written: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, Int8, Int16, Int32, Int64,
        LargeBinary, LargeList, LargeUtf8, List, Struct, Timestamp, UInt8, UInt16, UInt32, Utf8, Utf8View,
    };
    let digits = |of: &DataType| match of {
        Decimal32(p, s) | Decimal64(p, s) | Decimal128(p, s) | Decimal256(p, s) => Some((*p, *s)),
        _ => None,
    };
    match (read, written) {
        (a, b) if a == b => true,
        (_, Dictionary(_, values)) => faithful(read, values),
        (Int32, Int8 | Int16 | UInt8 | UInt16) | (Int64, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32) => true,
        (Utf8, LargeUtf8 | Utf8View) | (Binary, LargeBinary | BinaryView) => true,
        (Timestamp(a, from), Timestamp(b, to)) => a == b && from.is_some() == to.is_some(),
        (List(a), List(b) | LargeList(b)) => faithful(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            let same = |(a, b): (&FieldRef, &FieldRef)| a.name() == b.name() && faithful(a.data_type(), b.data_type());
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        (a, b) => digits(a).is_some() && digits(a) == digits(b),
    }
}

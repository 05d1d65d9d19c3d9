//! Which Arrow types a Parquet file carries exactly.

use crate::fault;
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema};
use sluice_contract::Fault;

/// Refuses what the encoder would refuse only at the first row, or could not give back.
pub(super) fn check(schema: &Schema) -> Result<(), Fault> {
    if schema.fields().is_empty() {
        return Err(fault::columnless("a Parquet file"));
    }
    schema
        .fields()
        .iter()
        .try_for_each(|field| check_field(field.name(), field))
}

fn check_field(column: &str, field: &Field) -> Result<(), Fault> {
    check_type(column, field.data_type())
}

fn check_type(column: &str, data_type: &DataType) -> Result<(), Fault> {
    match data_type {
        DataType::Interval(IntervalUnit::MonthDayNano) => Err(fault::unsupported(
            column,
            "Parquet has no interval of months, days and nanoseconds; cast it to text in the query",
        )),
        DataType::Union(_, _) => Err(fault::unsupported(column, "Parquet has no unions")),
        DataType::RunEndEncoded(_, values) => check_field(column, values),
        DataType::Struct(fields) if fields.is_empty() => {
            Err(fault::unsupported(column, "Parquet has no struct without members"))
        }
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check_field(column, field)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => check_field(column, item),
        DataType::Dictionary(_, values) => check_type(column, values),
        _ => Ok(()),
    }
}

//! The driver's values, as outputs show them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::Value;
use sluice_store_core::json;
use tiberius::{ColumnData, FromSql};

/// A value.
pub(crate) fn value(data: &ColumnData<'static>) -> Value {
    let shown = match data {
        ColumnData::U8(number) => number.map(Value::from),
        ColumnData::I16(number) => number.map(Value::from),
        ColumnData::I32(number) => number.map(Value::from),
        ColumnData::I64(number) => number.map(Value::from),
        // As many digits as the number has, and not those of its neighbour among the doubles.
        ColumnData::F32(number) => {
            number.map(|number| json::float(number.to_string().parse().unwrap_or(number.into())))
        }
        ColumnData::F64(number) => number.map(json::float),
        ColumnData::Bit(flag) => flag.map(Value::from),
        ColumnData::String(text) => text.as_ref().map(|text| Value::from(text.as_ref())),
        ColumnData::Guid(id) => id.map(|id| Value::from(id.to_string())),
        ColumnData::Binary(bytes) => bytes.as_ref().map(|bytes| json::binary(bytes)),
        ColumnData::Numeric(number) => number.map(|number| json::decimal(&number.to_string())),
        ColumnData::Xml(xml) => xml.as_ref().map(|xml| Value::from(xml.to_string())),
        ColumnData::Date(_) => found::<NaiveDate>(data)
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(json::moment),
        ColumnData::Time(_) => found::<NaiveTime>(data).map(|time| Value::from(time.to_string())),
        ColumnData::DateTimeOffset(_) => found::<DateTime<Utc>>(data).map(|moment| json::moment(moment.naive_utc())),
        _ => found::<NaiveDateTime>(data).map(json::moment),
    };
    shown.unwrap_or(Value::Null)
}

fn found<T>(data: &ColumnData<'static>) -> Option<T>
where
    for<'a> T: FromSql<'a>,
{
    T::from_sql(data).ok().flatten()
}

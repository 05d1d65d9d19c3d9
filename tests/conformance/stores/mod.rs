//! The stores of the suite, each with a server of its own.

mod azurite;
mod files;
mod mysql;
mod postgres;
mod s3;
mod sqlite;
mod sqlserver;

pub(super) use azurite::{adls, azurite_csv, azurite_parquet};
pub(super) use files::{file_avro, file_csv, file_json, file_jsonlines, file_parquet};
pub(super) use mysql::mariadb;
pub(super) use postgres::postgres;
pub(super) use s3::{s3_csv, s3_parquet};
pub(super) use sqlite::sqlite;
pub(super) use sqlserver::sqlserver;

use super::data::edge_values_without;
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use serde_json::{Value, json};

/// What delimited text carries: no bytes.
fn csv_data() -> RecordBatch {
    edge_values_without(&["raw"])
}

/// A delimited dataset's options and types; what has no type is text.
fn csv_dataset(location: Value) -> Value {
    json!({
        "location": location, "columnDelimiter": ",", "quoteChar": "\"", "escapeChar": "\"", "firstRowAsHeader": true,
        "schema": typed(&csv_data()),
    })
}

/// The columns of a dataset's `schema`; nested ones have no type there, and are what their values say.
fn typed(data: &RecordBatch) -> Vec<Value> {
    let schema = data.schema();
    let fields = schema.fields().iter().filter(|field| !field.data_type().is_nested());
    fields
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Int16 => "Int16",
                DataType::Int32 => "Int32",
                DataType::Int64 => "Int64",
                DataType::Float32 => "Single",
                DataType::Float64 => "Double",
                DataType::Boolean => "Boolean",
                DataType::Date32 => "Date",
                DataType::Time64(_) => "TimeSpan",
                DataType::Timestamp(_, None) => "DateTime",
                DataType::Timestamp(_, Some(_)) => "DateTimeOffset",
                DataType::Binary => "Byte[]",
                DataType::Decimal128(precision, scale) => {
                    return json!({ "name": field.name(), "type": "Decimal", "precision": precision, "scale": scale });
                }
                _ => "String",
            };
            json!({ "name": field.name(), "type": kind })
        })
        .collect()
}

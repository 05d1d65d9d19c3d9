//! The stores of the suite, each with a server of its own.

mod azurite;
mod files;
mod mysql;
mod postgres;
mod sqlite;
mod sqlserver;

pub(super) use azurite::{azurite_csv, azurite_parquet};
pub(super) use files::{file_csv, file_parquet};
pub(super) use mysql::mariadb;
pub(super) use postgres::postgres;
pub(super) use sqlite::sqlite;
pub(super) use sqlserver::sqlserver;

use super::data::edge_values_without;
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use serde_json::{Value, json};

/// What delimited text carries: no bytes and no times of day, which ADF gives no type for.
fn csv_data() -> RecordBatch {
    edge_values_without(&["raw", "clock"])
}

/// A delimited dataset's options and types; what has no type is text.
fn csv_dataset(location: Value) -> Value {
    let data = csv_data();
    let schema = data.schema();
    let columns: Vec<Value> = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Int16 => "Int16",
                DataType::Int32 => "Int32",
                DataType::Int64 => "Int64",
                DataType::Float32 => "Single",
                DataType::Float64 => "Double",
                DataType::Boolean => "Boolean",
                DataType::Date32 => "Date",
                DataType::Timestamp(_, None) => "DateTime",
                DataType::Timestamp(_, Some(_)) => "DateTimeOffset",
                DataType::Decimal128(precision, scale) => {
                    return json!({ "name": field.name(), "type": "Decimal", "precision": precision, "scale": scale });
                }
                _ => "String",
            };
            json!({ "name": field.name(), "type": kind })
        })
        .collect();
    json!({
        "location": location, "columnDelimiter": ",", "quoteChar": "\"", "escapeChar": "\"", "firstRowAsHeader": true,
        "schema": columns,
    })
}

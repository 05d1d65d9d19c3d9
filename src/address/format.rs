//! What a file's ending says.

use super::object;
use serde_json::json;
use sluice_contract::Object;
use std::path::Path;

/// For people.
pub(super) const ENDING: &str = "the file needs one of the endings .parquet, .csv, .json, .jsonl, .avro, .xlsx";

/// Dataset type, source, sink and the dataset's own members by the file's ending.
pub(super) fn format(name: &str) -> Option<(&'static str, Object, Object, Object)> {
    let kind = |name: &str| object(json!({ "type": name }));
    let documents = |pattern: &str| {
        object(json!({ "type": "JsonSink", "formatSettings": { "type": "JsonWriteSettings", "filePattern": pattern } }))
    };
    match Path::new(name).extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "parquet" => Some(("Parquet", kind("ParquetSource"), kind("ParquetSink"), Object::new())),
        "csv" => {
            let dataset = object(
                json!({ "columnDelimiter": ",", "quoteChar": "\"", "escapeChar": "\"", "firstRowAsHeader": true }),
            );
            Some((
                "DelimitedText",
                kind("DelimitedTextSource"),
                kind("DelimitedTextSink"),
                dataset,
            ))
        }
        // An array is what other programs expect in a file of this name.
        "json" => Some(("Json", kind("JsonSource"), documents("arrayOfObjects"), Object::new())),
        "jsonl" | "ndjson" => Some(("Json", kind("JsonSource"), documents("setOfObjects"), Object::new())),
        "avro" => Some(("Avro", kind("AvroSource"), kind("AvroSink"), Object::new())),
        // Only to be read; the sink says so.
        "xlsx" | "xls" => {
            let dataset = object(json!({ "sheetIndex": 0, "firstRowAsHeader": true }));
            Some(("Excel", kind("ExcelSource"), kind("ExcelSink"), dataset))
        }
        _ => None,
    }
}

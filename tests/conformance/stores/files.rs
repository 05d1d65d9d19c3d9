//! A folder of this machine.

use super::super::data::{edge_values, nested_edge_values};
use super::super::place::{Place, properties};
use super::{csv_data, csv_dataset, typed};
use futures::FutureExt;
use serde_json::json;
use sluice_contract::Code;
use std::path::{Path, PathBuf};

pub(in super::super) async fn file_parquet() -> Place {
    let location = |name: &str| json!({ "type": "FileServerLocation", "folderPath": "a/b", "fileName": format!("{name}.parquet") });
    Place {
        dataset_kind: "Parquet",
        dataset: Box::new(move |name| json!({ "location": location(name) })),
        source: json!({ "type": "ParquetSource" }),
        sink: json!({ "type": "ParquetSink" }),
        data: edge_values(),
        ..folder()
    }
}

pub(in super::super) async fn file_csv() -> Place {
    let location =
        |name: &str| json!({ "type": "FileServerLocation", "folderPath": "a/b", "fileName": format!("{name}.csv") });
    Place {
        dataset_kind: "DelimitedText",
        dataset: Box::new(move |name| csv_dataset(location(name))),
        source: json!({ "type": "DelimitedTextSource" }),
        sink: json!({ "type": "DelimitedTextSink" }),
        data: csv_data(),
        ..folder()
    }
}

/// JSON: an array of objects, or a line for each.
fn json(file_pattern: &'static str) -> Place {
    let location =
        |name: &str| json!({ "type": "FileServerLocation", "folderPath": "a/b", "fileName": format!("{name}.json") });
    Place {
        dataset_kind: "Json",
        dataset: Box::new(move |name| json!({ "location": location(name), "schema": typed(&nested_edge_values(&[])) })),
        source: json!({ "type": "JsonSource" }),
        sink: json!({ "type": "JsonSink", "formatSettings": { "type": "JsonWriteSettings", "filePattern": file_pattern } }),
        data: nested_edge_values(&[]),
        ..folder()
    }
}

pub(in super::super) async fn file_json() -> Place {
    json("arrayOfObjects")
}

pub(in super::super) async fn file_jsonlines() -> Place {
    json("setOfObjects")
}

pub(in super::super) async fn file_avro() -> Place {
    let location =
        |name: &str| json!({ "type": "FileServerLocation", "folderPath": "a/b", "fileName": format!("{name}.avro") });
    Place {
        dataset_kind: "Avro",
        dataset: Box::new(move |name| json!({ "location": location(name) })),
        source: json!({ "type": "AvroSource" }),
        sink: json!({ "type": "AvroSink" }),
        // Its smallest integer has 32 bits.
        data: nested_edge_values(&["small"]),
        ..folder()
    }
}

fn folder() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    Place {
        connector: sluice_store_file::connector(),
        properties: properties("FileServer", json!({ "host": dir.path() }), &[]),
        wrong_login: None,
        dataset_kind: "",
        dataset: Box::new(|_| json!({})),
        source: json!({}),
        sink: json!({}),
        missing: Code::FileNotFound,
        fences_staging: true,
        data: edge_values(),
        holds: Box::new(move || {
            let root = root.clone();
            async move { files(&root) }.boxed()
        }),
        _alive: Box::new(dir),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                todo.push(entry.path());
            } else {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found.sort();
    found
}

//! A folder of this machine.

use super::super::data::edge_values;
use super::super::place::{Place, properties};
use super::{csv_data, csv_dataset};
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

//! Which file of the sink every file of the source becomes, where rows go from a folder into a folder.

use crate::CopyJob;
use crate::behavior::Behavior;
use crate::files::generated_stem;
use crate::settings::{is_set, unsupported};
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::Source;
use sluice_store_core::files::{Entry, Location, Selection};
use std::collections::BTreeMap;

/// Memory that an open file of a sink may take besides the rows on their way: blocks that wait for the store.
const OPEN_FILE: usize = 32 << 20;

/// Endings that say what a file is wrapped in, or of which format it is.
const WRAPPED: &[&str] = &[
    ".tar.gz", ".tgz", ".tar", ".zip", ".gz", ".deflate", ".bz2", ".snappy", ".lz4", ".zst",
];
const FORMATS: &[&str] = &[
    ".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".json", ".jsonl", ".ndjson", ".parquet", ".avro", ".xlsx", ".xls",
];

/// A copy whose sink may get a file for every file of its source.
pub(crate) struct Tree {
    selection: Selection,
    flat: bool,
    default_name: String,
}

impl Tree {
    /// What a copy asks for; none when all of its rows go into one file, or into none.
    ///
    /// # Errors
    /// `SL6013` for what is malformed, `SL4009` with `maxRowsPerFile`, which numbers the files of all rows.
    pub(crate) fn asked(job: &CopyJob) -> Result<Option<Self>, Fault> {
        let (Some(source), Some(sink)) = (job.source.files(), job.sink.files()) else {
            return Ok(None);
        };
        let (read, write) = (&job.source_request, &job.sink_request);
        let behavior = Behavior::read(&write.activity)?;
        let place = Location::read(&write.dataset, sink.location_types(), sink.has_containers())?;
        if place.file.is_some() || behavior == Some(Behavior::Merge) {
            return Ok(None);
        }
        if splits(&write.activity) {
            return match behavior {
                None => Ok(None),
                Some(_) => Err(unsupported(
                    "sink.storeSettings.copyBehavior",
                    "with `formatSettings.maxRowsPerFile` the rows of all files are numbered through, as with MergeFiles",
                )),
            };
        }
        let (types, containers) = (source.location_types(), source.has_containers());
        Ok(Some(Self {
            selection: Selection::read(&read.dataset, &read.activity, types, containers)?,
            flat: behavior == Some(Behavior::Flatten),
            default_name: write.default_name.clone(),
        }))
    }

    /// The file of every partition, as [`sluice_store_core::SinkRequest::files`] has them.
    ///
    /// # Errors
    /// `SL6013` when two files of the source would become one of the sink.
    pub(crate) fn files(&self, source: &dyn Source) -> Result<Vec<String>, Fault> {
        let mut taken: BTreeMap<String, &Entry> = BTreeMap::new();
        let mut files = Vec::with_capacity(source.partitions().len());
        for partition in source.partitions() {
            let Some(entry) = source.file(partition) else {
                return Ok(Vec::new());
            };
            let relative = self.selection.relative(entry);
            let name = match self.flat {
                true => generated_stem(&self.default_name, relative),
                false => stem(relative).to_owned(),
            };
            let other = *taken.entry(name.clone()).or_insert(entry);
            if (&other.container, &other.path) != (&entry.container, &entry.path) {
                return Err(Fault::new(
                    Code::PropertyMissing,
                    format!(
                        "{} and {} would both be written to {name:?} of the sink; take `copyBehavior` FlattenHierarchy or MergeFiles",
                        other.label(),
                        entry.label()
                    ),
                ));
            }
            files.push(name);
        }
        Ok(files)
    }
}

/// How many files may be open at the same time within a copy's memory.
pub(crate) fn open_at_once(memory: usize) -> usize {
    (memory / OPEN_FILE).max(1)
}

/// Whether the sink's files hold a number of rows.
fn splits(sink: &Object) -> bool {
    let settings = member(sink, "formatSettings").and_then(Value::as_object);
    let rows = settings.and_then(|settings| member(settings, "maxRowsPerFile"));
    rows.is_some_and(|rows| is_set(rows) && rows.as_u64() != Some(0) && rows.as_str() != Some("0"))
}

/// A path without what says how its file is wrapped, and of which format it is. Other endings are part of the name.
fn stem(path: &str) -> &str {
    without(without(path, WRAPPED), FORMATS)
}

fn without<'a>(path: &'a str, endings: &[&str]) -> &'a str {
    let cut = |ending: &&str| {
        let at = path.len().checked_sub(ending.len())?;
        let (start, end) = (path.get(..at)?, path.get(at..)?);
        (end.eq_ignore_ascii_case(ending) && !start.is_empty() && !start.ends_with('/')).then_some(start)
    };
    endings.iter().find_map(cut).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_what_says_its_format() {
        for (path, expected) in [
            ("a/b.csv", "a/b"),
            ("a.csv/b.CSV.gz", "a.csv/b"),
            ("b.snappy.parquet", "b.snappy"),
            ("b.tar.gz", "b"),
            ("2024.01", "2024.01"),
            ("a/.csv", "a/.csv"),
            ("ä", "ä"),
            ("b.json.csv", "b.json"),
        ] {
            assert_eq!(stem(path), expected);
        }
    }
}

//! What a Copy activity asks for besides its two stores, checked before anything is opened.
//!
//! [`table`] says for every member what happens with it. A member that would change which data arrives, and that nobody
//! acts on, ends the copy; one that changes nothing is named in a warning. Nothing is left out in silence.

mod binary;
mod rule;
mod table;
mod unserved;
mod value;

pub(crate) use binary::check_files;
#[cfg(test)]
pub(crate) use binary::markdown as markdown_of_files;
pub use unserved::unserved;
pub(crate) use value::{is_set, unsupported};

use crate::mapping::{Additional, Ends, Mapping, Shape, Translator};
use crate::options::MAX_PARALLEL;
use crate::rejects::AskedLogs;
use arrow::datatypes::SchemaRef;
use rule::check;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};
use sluice_store_core::{SinkRequest, SourceRequest};
use table::Place;
#[cfg(test)]
pub(crate) use table::markdown;

/// What the copy itself does between reading and writing.
#[derive(Debug)]
pub(crate) struct Asked {
    translator: Translator,
    additional: Vec<Additional>,
    ends: Ends,
    /// The folder of the source's dataset; empty where there is none.
    pub(crate) folder: String,
    /// What may be left out.
    pub(crate) logs: AskedLogs,
    /// For the outcome: what was asked for and changes nothing.
    pub(crate) warnings: Vec<String>,
}

impl Asked {
    /// Reads the activity's settings, its `source` and its `sink`.
    ///
    /// # Errors
    /// `SL4009` naming a member that is not served, `SL4014` for an expression, `SL4005` and `SL4006` for a malformed one.
    pub(crate) fn read(settings: &Object, source: &SourceRequest, sink: &SinkRequest) -> Result<Self, Fault> {
        let mut idle = Vec::new();
        check(Place::Activity, settings, &mut idle)?;
        check(Place::Source, &source.activity, &mut idle)?;
        check(Place::Sink, &sink.activity, &mut idle)?;
        // A source of documents makes its columns of the mapping's paths.
        let paths = source.dataset_kind.eq_ignore_ascii_case("Json");
        let translator = member(settings, "translator").filter(|value| !value.is_null());
        let additional = member(&source.activity, "additionalColumns").filter(|value| !value.is_null());
        let mut warnings = Vec::new();
        if !idle.is_empty() {
            let names = idle.join(", ");
            warnings.push(format!(
                "these settings change nothing here and were left alone: {names}"
            ));
        }
        let parallel = member(settings, "parallelCopies").and_then(serde_json::Value::as_f64);
        if parallel.is_some_and(|parallel| parallel > MAX_PARALLEL as f64) {
            warnings.push(format!("`parallelCopies`: {MAX_PARALLEL} are used"));
        }
        Ok(Self {
            translator: translator
                .map(|value| Mapping::read(value, paths))
                .transpose()?
                .unwrap_or_default(),
            additional: additional.map(Additional::read).transpose()?.unwrap_or_default(),
            ends: Ends::of(source, sink),
            folder: folder(&source.dataset),
            logs: AskedLogs::read(settings)?,
            warnings,
        })
    }

    /// From the source's columns to the sink's.
    ///
    /// # Errors
    /// `SL6012` for a column that the source does not have, `SL4005` when two become one, `SL4009` for a conversion.
    pub(crate) fn shape(&self, source: SchemaRef) -> Result<Shape, Fault> {
        Shape::new(source, &self.additional, &self.translator, self.ends)
    }
}

/// A dataset's folder, without slashes at its ends.
fn folder(dataset: &Object) -> String {
    let location = member(dataset, "location").and_then(serde_json::Value::as_object);
    let folder = location
        .and_then(|location| text(location, "folderPath"))
        .unwrap_or_default();
    let parts: Vec<&str> = folder
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    parts.join("/")
}

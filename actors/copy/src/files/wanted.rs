//! What the activity asks for.

use super::is_binary;
use crate::CopyJob;
use crate::behavior::Behavior;
use crate::options::MAX_PARALLEL;
use crate::rejects::AskedLogs;
use crate::settings::{check_files, is_set, unsupported};
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::files::selection::connections;
use std::collections::BTreeMap;

/// Files at the same time when `parallelCopies` does not say.
const PARALLEL: usize = 8;

/// The settings of a copy of files.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) behavior: Behavior,
    /// `validateDataConsistency`: what was written is read back.
    pub(super) validate: bool,
    /// Which files may be left out, and where that is written.
    pub(super) logs: AskedLogs,
    /// `preserve` has `Attributes`.
    pub(super) attributes: bool,
    /// `storeSettings.metadata` of the sink.
    pub(super) metadata: BTreeMap<String, String>,
    /// Whether the files of an archive come into a folder named after it.
    pub(super) archive_folder: bool,
    /// Whether `parallelCopies` is set.
    parallel_set: bool,
    /// `maxConcurrentConnections` of the sink.
    pub(super) connections: Option<usize>,
    pub(super) warnings: Vec<String>,
}

impl Wanted {
    /// # Errors
    /// `SL4009` for what is not served, `SL6013` for what is malformed.
    pub(super) fn read(job: &CopyJob) -> Result<Self, Fault> {
        let (source, sink, settings) = (&job.source_request, &job.sink_request, &job.options.settings);
        if !is_binary(&source.dataset_kind) || !is_binary(&sink.dataset_kind) {
            let text = format!(
                "a dataset of type Binary is copied to one of type Binary, and these are {} and {}",
                source.dataset_kind, sink.dataset_kind
            );
            return Err(Fault::new(Code::ActivityUnsupported, text));
        }
        let mut warnings = check_files(settings, &source.activity, &sink.activity)?;
        let asked = member(settings, "parallelCopies").and_then(Value::as_f64);
        if asked.is_some_and(|asked| asked > MAX_PARALLEL as f64) {
            warnings.push(format!("`parallelCopies`: {MAX_PARALLEL} are used"));
        }
        Ok(Self {
            behavior: Behavior::read(&sink.activity)?.unwrap_or(Behavior::Preserve),
            validate: flag(settings, "validateDataConsistency")?.unwrap_or(false),
            logs: AskedLogs::read(settings)?,
            attributes: attributes(settings)?,
            metadata: metadata(&sink.activity)?,
            archive_folder: archive_folder(&source.activity)?,
            parallel_set: asked.is_some(),
            connections: connections(&sink.activity)?,
            warnings,
        })
    }

    /// Files at the same time.
    pub(super) fn parallel(&self, asked: usize, units: usize) -> usize {
        let parallel = if self.parallel_set { asked } else { PARALLEL };
        parallel
            .min(self.connections.unwrap_or(usize::MAX))
            .clamp(1, units.max(1))
    }
}

fn settings_of<'a>(activity: &'a Object, name: &str) -> Option<&'a Object> {
    member(activity, name).and_then(Value::as_object)
}

fn property(text: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, text)
}

fn attributes(settings: &Object) -> Result<bool, Fault> {
    let words: Vec<&str> = match member(settings, "preserve") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(word)) => vec![word],
        Some(_) => return Err(property("`preserve` is not a list of words")),
    };
    for word in &words {
        if !word.eq_ignore_ascii_case("Attributes") {
            return Err(unsupported(
                "preserve",
                format!("{word:?} is not carried, only Attributes are"),
            ));
        }
    }
    Ok(!words.is_empty())
}

fn metadata(sink: &Object) -> Result<BTreeMap<String, String>, Fault> {
    let asked = settings_of(sink, "storeSettings").and_then(|settings| member(settings, "metadata"));
    let Some(asked) = asked.filter(|asked| is_set(asked)) else {
        return Ok(BTreeMap::new());
    };
    let malformed = || property("`storeSettings.metadata` is not a list of objects with `name` and `value`");
    let items = asked.as_array().ok_or_else(malformed)?;
    let pair = |item: &Value| {
        let item = item.as_object()?;
        Some((text(item, "name")?.to_owned(), text(item, "value")?.to_owned()))
    };
    items.iter().map(|item| pair(item).ok_or_else(malformed)).collect()
}

fn archive_folder(source: &Object) -> Result<bool, Fault> {
    let format = settings_of(source, "formatSettings");
    let Some(compression) = format.and_then(|format| settings_of(format, "compressionProperties")) else {
        return Ok(true);
    };
    for name in ["preserveZipFileNameAsFolder", "preserveCompressionFileNameAsFolder"] {
        if let Some(asked) = flag(compression, name)? {
            return Ok(asked);
        }
    }
    Ok(true)
}

fn flag(object: &Object, name: &str) -> Result<Option<bool>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") || text.is_empty() => Ok(Some(false)),
        Some(_) => Err(property(format!("`{name}` is neither true nor false"))),
    }
}

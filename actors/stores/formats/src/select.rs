//! From a dataset to files: which are read, and which one is written.

use crate::bytes::{ByteStore, Entry, Target};
use crate::fault;
use crate::settings::RowsPerFile;
use crate::split::Split;
use crate::tree::Plan;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use sluice_store_core::SinkRequest;
use sluice_store_core::files::{Location, Selection, Take};
use std::collections::HashMap;

/// The files to read, in the order of their paths.
///
/// # Errors
/// `SL6013`, `SL6005` when there is none, and what the store reports.
pub async fn files(store: &dyn ByteStore, dataset: &Object, activity: &Object) -> Result<Vec<Entry>, Fault> {
    let selection = Selection::read(dataset, activity, store.location_types(), store.has_containers())?;
    let chosen = selection.choose(store, Take::Rows).await?;
    Ok(chosen.into_iter().map(|chosen| chosen.entry).collect())
}

/// The file to write: the dataset's, or the default name with `extension`.
///
/// # Errors
/// `SL6013`.
pub fn target(request: &SinkRequest, store: &dyn ByteStore, extension: &str) -> Result<Target, Fault> {
    let location = Location::read(&request.dataset, store.location_types(), store.has_containers())?;
    refuse_reading(&request.activity)?;
    let file = match &location.file {
        Some(file) if file.trim_matches('/').is_empty() || file.ends_with('/') => {
            return Err(fault::property(format!("`fileName` {file:?} names no file")));
        }
        Some(file) => file.trim_start_matches('/').to_owned(),
        None => {
            let name: String = request
                .default_name
                .chars()
                .map(|c| {
                    if c == '/' || c == '\\' || c.is_control() {
                        '_'
                    } else {
                        c
                    }
                })
                .collect();
            let name = name.trim_start_matches('.');
            format!("{}{extension}", if name.is_empty() { "data" } else { name })
        }
    };
    Ok(Target {
        path: location.path_of(&file),
        container: location.container,
    })
}

/// The files to write where each holds a number of rows: `PREFIX_00000.EXTENSION` and so on, in the folder of `target`.
///
/// # Errors
/// `SL6013` when the dataset names one file.
pub(crate) fn split(
    request: &SinkRequest,
    store: &dyn ByteStore,
    target: &Target,
    extension: &str,
    several: RowsPerFile,
) -> Result<Split, Fault> {
    let location = Location::read(&request.dataset, store.location_types(), store.has_containers())?;
    if let Some(file) = &location.file {
        return Err(fault::property(format!(
            "`formatSettings.maxRowsPerFile` writes several files, and the dataset's `fileName` is one: {file:?}"
        )));
    }
    let before = match several.prefix {
        Some(prefix) => location.path_of(&prefix),
        None => target.path.strip_suffix(extension).unwrap_or(&target.path).to_owned(),
    };
    Ok(Split {
        container: target.container.clone(),
        before,
        extension: extension.to_owned(),
        rows: several.rows,
    })
}

/// The files to write where every file of the source has one of its own, in the order in which they are first named.
///
/// # Errors
/// `SL6013` when one would be the folder of another.
pub(crate) fn tree(request: &SinkRequest, store: &dyn ByteStore, extension: &str) -> Result<Plan, Fault> {
    let location = Location::read(&request.dataset, store.location_types(), store.has_containers())?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut plan = Plan {
        targets: Vec::new(),
        of: Vec::with_capacity(request.files.len()),
    };
    for file in &request.files {
        let path = location.path_of(&format!("{file}{extension}"));
        let place = *places.entry(path).or_insert_with_key(|path| {
            plan.targets.push(Target {
                container: location.container.clone(),
                path: path.clone(),
            });
            plan.targets.len() - 1
        });
        plan.of.push(place);
    }
    for path in places.keys() {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(folder) = folders.find(|folder| places.contains_key(*folder)) {
            return Err(fault::property(format!(
                "{folder} would be a file of the sink, and the folder of {path}"
            )));
        }
    }
    Ok(plan)
}

/// Settings of a source at a sink, whose silent neglect would write other files than asked.
fn refuse_reading(activity: &Object) -> Result<(), Fault> {
    const READING: &[&str] = &[
        "wildcardFileName",
        "wildcardFolderPath",
        "fileListPath",
        "prefix",
        "modifiedDatetimeStart",
        "modifiedDatetimeEnd",
        "deleteFilesAfterCompletion",
        "enablePartitionDiscovery",
    ];
    let settings = member(activity, "storeSettings").and_then(Value::as_object);
    let set = |name: &&&str| match settings.and_then(|settings| member(settings, name)) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
        Some(_) => true,
    };
    match READING.iter().find(set) {
        Some(name) => Err(fault::property(format!("a sink takes no `storeSettings.{name}`"))),
        None => Ok(()),
    }
}

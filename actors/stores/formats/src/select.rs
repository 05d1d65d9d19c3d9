//! From a dataset to files: which are read, and which one is written.

use crate::bytes::{ByteStore, Entry, Target};
use crate::fault;
use crate::location::{Location, matches};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::SinkRequest;

/// The files to read, in the order of their paths.
///
/// A folder's files leave out names that begin with `.` or `_`, unless a wildcard begins so too: they are markers and the staging
/// of others, and readers of such folders agree on that. Empty files without an ending are a cloud's folder markers.
///
/// # Errors
/// `SL6013`, `SL6005` when there is none, and what the store reports.
pub async fn files(store: &dyn ByteStore, dataset: &Object, activity: &Object) -> Result<Vec<Entry>, Fault> {
    let location = Location::read(dataset, activity, store.location_types(), store.has_containers())?;
    let mut found = store.find(&location).await?;
    if location.file.is_none() {
        let folder = match location.folder.as_str() {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        found.retain(|entry| {
            let below = entry.path.strip_prefix(&folder).unwrap_or(&entry.path);
            let meant = location
                .wildcard
                .as_deref()
                .is_some_and(|pattern| pattern.starts_with(['.', '_']));
            let hidden = !meant && below.split('/').any(|part| part.starts_with(['.', '_']));
            let marker = entry.size == 0 && !entry.name().contains('.');
            let wanted = location
                .wildcard
                .as_deref()
                .is_none_or(|pattern| matches(pattern, entry.name()));
            !hidden && !marker && wanted && (location.recursive || !below.contains('/'))
        });
        found.sort_by(|a, b| a.path.cmp(&b.path));
    }
    if found.is_empty() {
        return Err(Fault::new(
            Code::FileNotFound,
            format!("there is no file {:?}", location.label()),
        ));
    }
    Ok(found)
}

/// The file to write: the dataset's, or the default name with `extension`.
///
/// # Errors
/// `SL6013`.
pub fn target(request: &SinkRequest, store: &dyn ByteStore, extension: &str) -> Result<Target, Fault> {
    let location = Location::read(
        &request.dataset,
        &request.activity,
        store.location_types(),
        store.has_containers(),
    )?;
    if location.wildcard.is_some() {
        return Err(fault::property("a sink takes no `wildcardFileName`"));
    }
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

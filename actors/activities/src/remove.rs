//! Delete: the files of a dataset, by the same wildcards and times as a copy's source.
//!
//! It ends in the same state however often it is tried: what an earlier attempt deleted is not there any more.

use crate::TaskJob;
use crate::log::{Log, field};
use crate::settings::{flag, property, string, whole};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::files::{ByteStore, Entry, Location, Selection, Take};
use sluice_store_core::statements::not_served;
use std::sync::Arc;
use std::time::Instant;

/// Deletions at the same time, unless the activity says how many.
const AT_ONCE: usize = 8;
/// So many failures are named in the error.
const NAMED: usize = 3;

pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let began = Instant::now();
    let settings = &job.spec.settings;
    let end = job
        .spec
        .store
        .as_ref()
        .ok_or_else(|| property("the Delete has no dataset"))?;
    let files = job.store()?.files();
    let files =
        files.ok_or_else(|| not_served("the dataset's store is not one of files, and only files are deleted"))?;
    let activity = with_recursive(end, settings)?;
    let selection = Selection::read(&end.dataset, &activity, files.location_types(), files.has_containers())?;
    let found = match selection.choose(files.as_ref(), Take::All).await {
        Ok(found) => found.into_iter().map(|chosen| chosen.entry).collect(),
        // By a wildcard nothing may be found. What is named has to be there, unless an earlier attempt has deleted it.
        Err(fault) if fault.code == Code::FileNotFound => match is_named(&selection) && job.key.attempt == 1 {
            true if selection.is_one_file() => return Err(fault),
            true => of_empty_folder(files.as_ref(), &selection.location, fault).await?,
            false => Vec::new(),
        },
        Err(fault) => return Err(fault),
    };
    let mut log = Log::of_delete(job)?;
    let at_once =
        whole(settings, "maxConcurrentConnections")?.map_or(AT_ONCE, |most| usize::try_from(most).unwrap_or(AT_ONCE));
    let (deleted, failed) = delete(&files, found, at_once.clamp(1, 64), log.as_mut()).await?;
    // As in ADF: a folder that is deleted with everything in it goes as well, where the store has folders.
    if failed.is_empty() && is_whole_folder(&selection) {
        files.remove_folder(&selection.location).await?;
    }
    let place = match &mut log {
        Some(log) => log.publish().await?,
        None => None,
    };
    if let Some((_, first)) = failed.first() {
        let named: Vec<String> = failed
            .iter()
            .take(NAMED)
            .map(|(name, fault)| format!("{name} ({})", fault.message))
            .collect();
        let text = format!(
            "{deleted} files were deleted and {} were not: {}",
            failed.len(),
            named.join("; ")
        );
        return Err(Fault::new(Code::DeleteIncomplete, text).retryable(first.retryable));
    }
    let mut output = output(job, &selection, settings)?;
    output.insert("filesDeleted".to_owned(), deleted.into());
    output.insert("executionDuration".to_owned(), began.elapsed().as_secs().into());
    if let Some(place) = place {
        output.insert("logPath".to_owned(), place.into());
    }
    Ok(output)
}

/// The activity's `storeSettings`; unless they say so, folders below are left alone, as in ADF.
fn with_recursive(end: &Endpoint, settings: &Object) -> Result<Object, Fault> {
    let mut activity = end.activity.clone();
    let recursive = flag(settings, "recursive")?.unwrap_or(false);
    let store = activity.entry("storeSettings").or_insert_with(|| json!({}));
    if let Some(store) = store.as_object_mut()
        && member(store, "recursive").is_none()
    {
        store.insert("recursive".to_owned(), recursive.into());
    }
    Ok(activity)
}

/// Whether a file or folder is named, and not what files are like.
fn is_named(selection: &Selection) -> bool {
    selection.names.is_none()
        && selection.folders.is_none()
        && selection.location.prefix.is_none()
        && selection.modified_from.is_none()
        && selection.modified_until.is_none()
}

fn is_whole_folder(selection: &Selection) -> bool {
    is_named(selection)
        && selection.list.is_none()
        && selection.location.file.is_none()
        && selection.location.recursive
        && !selection.location.folder.is_empty()
}

/// A folder without files is there all the same.
async fn of_empty_folder(files: &dyn ByteStore, location: &Location, missing: Fault) -> Result<Vec<Entry>, Fault> {
    match files.folder(location).await {
        Ok(_) => Ok(Vec::new()),
        Err(fault) if fault.code == Code::FileNotFound => Err(missing),
        Err(fault) => Err(fault),
    }
}

/// Deletes them; how many, and what became of the others.
async fn delete(
    files: &Arc<dyn ByteStore>,
    found: Vec<Entry>,
    at_once: usize,
    mut log: Option<&mut Log>,
) -> Result<(u64, Vec<(String, Fault)>), Fault> {
    let one = |entry: Entry| {
        let files = Arc::clone(files);
        async move {
            let done = files.delete(&entry).await;
            (entry, done)
        }
    };
    let mut deletions = stream::iter(found).map(one).buffer_unordered(at_once);
    let (mut deleted, mut failed) = (0, Vec::new());
    while let Some((entry, done)) = deletions.next().await {
        let (status, error) = match &done {
            // Somebody else was faster: it is gone, which is what was asked for.
            Err(fault) if fault.code == Code::FileNotFound => ("Deleted", String::new()),
            Ok(()) => ("Deleted", String::new()),
            Err(fault) => ("Failed", fault.to_string()),
        };
        if let Some(log) = log.as_deref_mut() {
            log.line(&format!("{},File,{status},{}", field(&entry.label()), field(&error)))
                .await?;
        }
        match done {
            Err(fault) if status == "Failed" => failed.push((entry.label(), fault)),
            _ => deleted += 1,
        }
    }
    Ok((deleted, failed))
}

fn output(job: &TaskJob<'_>, selection: &Selection, settings: &Object) -> Result<Object, Fault> {
    let store = member(settings, "storeSettings").and_then(Value::as_object);
    let of_store = |name: &str| match store {
        Some(store) => string(store, name),
        None => Ok(None),
    };
    let location = &selection.location;
    let path = match (
        location.container.as_str(),
        location.path_of(location.file.as_deref().unwrap_or_default()),
    ) {
        ("", path) => path,
        (container, path) => format!("{container}/{path}"),
    };
    let mut output = Object::new();
    output.insert("datasetName".to_owned(), job.spec.dataset_name.as_str().into());
    output.insert("path".to_owned(), path.into());
    if let Some(prefix) = of_store("prefix")? {
        output.insert("prefix".to_owned(), prefix.into());
    }
    let wild = (of_store("wildcardFolderPath")?, of_store("wildcardFileName")?);
    output.insert(
        "isWildcardUsed".to_owned(),
        (wild.0.is_some() || wild.1.is_some()).into(),
    );
    for (name, value) in [("wildcardFolderPath", wild.0), ("wildcardFileName", wild.1)] {
        if let Some(value) = value {
            output.insert(name.to_owned(), value.into());
        }
    }
    output.insert("recursive".to_owned(), location.recursive.into());
    Ok(output)
}

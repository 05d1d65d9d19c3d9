//! A text file that names the files to read.

use super::bytes::{ByteStore, Entry};
use super::location::{Location, join, property};
use futures::{StreamExt, TryStreamExt};
use sluice_contract::{Code, Fault};

/// A longer list is refused: it would be held in memory.
const MOST_BYTES: u64 = 64 << 20;
/// Files looked for at the same time.
const AT_ONCE: usize = 16;

/// The files of a list, each relative to the dataset's folder, in the order of its lines.
pub(super) async fn entries(store: &dyn ByteStore, list: &Location, folder: &Location) -> Result<Vec<Entry>, Fault> {
    let paths = paths(store, list).await?;
    let find = |path: String| async move {
        let (below, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let place = Location {
            container: folder.container.clone(),
            folder: match below {
                "" => folder.folder.clone(),
                below => join(&folder.folder, below),
            },
            file: Some(name.to_owned()),
            ..Location::default()
        };
        store.find(&place).await
    };
    let found: Vec<Vec<Entry>> = futures::stream::iter(paths.into_iter().map(find))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn paths(store: &dyn ByteStore, list: &Location) -> Result<Vec<String>, Fault> {
    let found = store.find(list).await?;
    let entry = found
        .first()
        .ok_or_else(|| Fault::new(Code::FileNotFound, list.label()))?;
    if entry.size > MOST_BYTES {
        return Err(property(format!(
            "the list of files {} has more than {MOST_BYTES} bytes",
            entry.label()
        )));
    }
    let bytes = store.open(entry).await?.read(0..entry.size).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Fault::new(
            Code::DataInvalid,
            format!("the list of files {} is not UTF-8", entry.label()),
        )
    })?;
    let mut paths = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim().trim_matches('/');
        if line.is_empty() {
            continue;
        }
        if line.split('/').any(|part| part == "..") {
            let text = format!(
                "the list of files {} names {line:?}, which leaves the folder",
                entry.label()
            );
            return Err(Fault::new(Code::PermissionDenied, text));
        }
        paths.push(line.to_owned());
    }
    Ok(paths)
}

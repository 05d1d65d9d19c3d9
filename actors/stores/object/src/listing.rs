//! Finding objects page by page.

use crate::bucket::{Bucket, ObjectFiles, entry};
use crate::errors;
use object_store::list::PaginatedListOptions;
use sluice_contract::{Code, Fault};
use sluice_store_core::files::{Child, Folder, Watched};
use sluice_store_formats::{Entry, Location};

/// All objects of a folder, or with a prefix.
pub(crate) async fn list(container: &dyn Bucket, location: &Location) -> Result<Vec<Entry>, Fault> {
    let mut found = Vec::new();
    let mut take = |entry| {
        found.push(entry);
        Ok(())
    };
    each(container, location, &mut take).await?;
    Ok(found)
}

/// The objects that a trigger is about.
pub(crate) async fn watch(container: &dyn Bucket, location: &Location, watched: &Watched) -> Result<Vec<Entry>, Fault> {
    let mut found = watched.gather(true);
    each(container, location, &mut |entry| found.take(entry)).await?;
    Ok(found.entries())
}

async fn each(
    container: &dyn Bucket,
    location: &Location,
    take: &mut (dyn FnMut(Entry) -> Result<(), Fault> + Send),
) -> Result<(), Fault> {
    let name = location.container.as_str();
    let prefix = match (&location.prefix, location.folder.as_str()) {
        (Some(prefix), _) => prefix.clone(),
        (None, "") => String::new(),
        (None, folder) => format!("{folder}/"),
    };
    let mut page = None;
    loop {
        let options = PaginatedListOptions {
            delimiter: (!location.recursive).then(|| "/".into()),
            page_token: page.take(),
            ..PaginatedListOptions::default()
        };
        let prefix = Some(prefix.as_str()).filter(|prefix| !prefix.is_empty());
        let listed = container.list_paginated(prefix, options).await;
        let listed =
            listed.map_err(|error| errors::fault("listing", &ObjectFiles::place(name, &location.folder), &error))?;
        for meta in listed.result.objects {
            take(entry(name, meta))?;
        }
        page = listed.page_token;
        if page.is_none() {
            return Ok(());
        }
    }
}

/// What is in a folder, one level deep. A folder that is nothing but the beginning of names is there when names begin so.
pub(crate) async fn folder(container: &dyn Bucket, location: &Location) -> Result<Folder, Fault> {
    let name = location.container.as_str();
    let prefix = match location.folder.as_str() {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let (mut children, mut marked) = (Vec::new(), false);
    let mut page = None;
    loop {
        let options = PaginatedListOptions {
            delimiter: Some("/".into()),
            page_token: page.take(),
            ..PaginatedListOptions::default()
        };
        let asked = Some(prefix.as_str()).filter(|prefix| !prefix.is_empty());
        let listed = container.list_paginated(asked, options).await;
        let listed =
            listed.map_err(|error| errors::fault("listing", &ObjectFiles::place(name, &location.folder), &error))?;
        let last = |path: &str| {
            path.trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        for below in listed.result.common_prefixes {
            children.push(Child {
                name: last(below.as_ref()),
                is_folder: true,
                modified: None,
            });
        }
        for meta in listed.result.objects {
            let path = meta.location.as_ref();
            // Some tools mark a folder by an empty object of its name.
            if path.len() < prefix.len() {
                marked = true;
                continue;
            }
            children.push(Child {
                name: last(path),
                is_folder: false,
                modified: Some(meta.last_modified),
            });
        }
        page = listed.page_token;
        if page.is_none() {
            break;
        }
    }
    if children.is_empty() && !marked && !prefix.is_empty() {
        let text = format!("there is no folder {:?} in {name}", location.folder);
        return Err(Fault::new(Code::FileNotFound, text));
    }
    children.sort_by(|one: &Child, other| one.name.cmp(&other.name));
    Ok(Folder {
        modified: None,
        children,
    })
}
